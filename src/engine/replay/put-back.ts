import type { RegisteredType } from '../../events/registry.js';
import { rowReference } from '../../events/slab.js';
import type { LaneScheduler } from '../../lanes/scheduler.js';
import type { Progress } from '../../store/progress.js';
import type { RawEvent } from '../../store/store.js';
import type { CommitQueue } from '../commit/commit-queue.js';
import type { RetriedLetter } from '../failures/retried-letter.js';
import type { InFlight } from '../intake/in-flight.js';
import type { Wave } from '../intake/waves.js';
import type { NameEntry } from '../sequence/directory.js';
import type { RowFacts } from '../sequence/row-facts.js';
import type { Sequencer } from '../sequence/sequencer.js';
import type { LateHandlers } from './late-handlers.js';
import type { RowCall } from './row-calls.js';

interface PutBackParts {
  readonly sequencer: Sequencer;
  readonly inFlight: InFlight;
  readonly scheduler: LaneScheduler;
  readonly progress: Progress;
  readonly late: LateHandlers;
  readonly retried: ReadonlyMap<number, RetriedLetter>;
}

/** An event of the log that goes on its way again; see `LogFlow.restore`. */
interface Returning {
  readonly facts: RowFacts;
  readonly event: RawEvent;
  readonly wave: Wave;
  readonly isNew: boolean;
  readonly again: RetriedLetter | undefined;
}

/** Gives an event of the log a row, and the row to the lanes. */
export function putBack(parts: PutBackParts, { facts, event, wave, isNew, again }: Returning): void {
  const { sequencer, inFlight, scheduler, progress, late, retried } = parts;
  sequencer.restore(facts, event);
  const { slab } = sequencer;
  const row = slab.rows - 1;
  const { position } = event;
  const asked = retried.size === 0 ? undefined : retried.get(position);
  late.fed(rowReference(slab.id, row), {
    type: facts.type.type,
    position,
    isUnfinished: !progress.isFinished(position),
    // A skipped one goes its own way: its event may be on its way besides, as an old one.
    letter: again ?? (asked?.state === 'parked' ? asked : undefined),
  });
  const key = slab.keys[row] as NameEntry;
  slab.holds++;
  slab.waves[row] = wave;
  if (isNew) inFlight.kept--;
  else {
    inFlight.join(wave);
    inFlight.began(key);
    inFlight.fed(slab, row);
  }
  slab.acceptedAt[row] = performance.now();
  scheduler.enqueue(rowReference(slab.id, row), key);
  sequencer.closeLargeSlab();
}

interface LeftParts {
  readonly progress: Progress;
  readonly late: LateHandlers;
  /** By stored type id. */
  readonly types: readonly (RegisteredType | undefined)[];
}

/** The first position from `from` on that may be left to lanes. */
export function nextUnfinished({ progress, late }: LeftParts, from: number): number {
  return Math.min(progress.nextUnfinished(from), late.nextUndone(from));
}

/** Whether lanes have to handle an event of the log. */
export function isLeft({ progress, types, late }: LeftParts, { type, position }: RawEvent): boolean {
  return late.isLeft(types[type]?.type, position) || !progress.isFinished(position);
}

interface RaiseParts {
  readonly retried: Map<number, RetriedLetter>;
  readonly commits: CommitQueue;
  readonly late: LateHandlers;
}

/** A dead letter was handled, if it was tried again by this row: a late handler may come to its event meanwhile. */
export function raise(
  { retried, commits, late }: RaiseParts,
  position: number,
  call: RowCall | undefined,
): void {
  const letter = retried.get(position);
  if (!letter || (call && call.letter !== letter)) return;
  retried.delete(position);
  commits.raise(letter);
  late.raised(letter);
}
