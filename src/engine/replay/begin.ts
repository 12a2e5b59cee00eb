import { EngineClosedError } from '../../kernel/errors.js';
import { turn } from '../../kernel/turn.js';
import type { SettledLetter } from '../../store/dead-letter.js';
import type { StoreState } from '../../store/protocol.js';
import { Backlog } from './backlog.js';
import type { Holding } from './holding.js';
import type { LateHandlers } from './late-handlers.js';
import type { LogFlow, ReplayParts } from './log-flow.js';

/** What beginning again works with: the flow may be waited for as a whole. */
export interface BeginningParts extends ReplayParts {
  readonly hub: LogFlow & { drain(): Promise<void> };
  readonly holding: Holding;
  readonly late: LateHandlers;
  readonly states: { isOutdated(consumer: string): boolean };
}

/**
 * Begins to put the log's unfinished events back on their way. Resolves when what one turn suffices for is on its way.
 * Returns the promise, in a box, of all of it being handled.
 */
export async function beginBacklog(
  parts: BeginningParts,
  stored: StoreState,
): Promise<{ readonly recovered: Promise<void> }> {
  const { lastPosition, lastName } = stored;
  if (lastPosition === 0) return { recovered: Promise.resolve() };
  const { hub, entrance, holding } = parts;
  const { parked, again } = holdParked(parts, stored);
  const changed = () => {
    entrance.recheckKeys();
    hub.pump();
  };
  const backlog = new Backlog(parts, lastPosition, lastName, {
    scanned: changed,
    ended: () => {
      holding.backlog = undefined;
      changed();
    },
  });
  holding.backlog = backlog;
  const recovered = whenRecovered(hub, backlog);
  // It need not be waited for.
  recovered.catch(() => {});
  const run = backlog.run(hub.nextUnfinished(1), (key) => parked.has(key), again);
  run.catch((error: Error) => {
    // A reader that was closed under it is no failure.
    if (!backlog.isCutShort) hub.fail(error);
  });
  await Promise.race([run, turn()]);
  return { recovered };
}

/**
 * Holds the keys that were parked, and remembers the letters that are to be tried again: but for those whose handlers are
 * not here, which stay as they are, for an engine that has them.
 *
 * @returns the numbers of the parked keys, and the letters whose events are finished already.
 */
function holdParked(
  parts: BeginningParts,
  { deadLetters, lastPosition }: StoreState,
): { readonly parked: ReadonlySet<number>; readonly again: readonly number[] } {
  const { directory, parking, waves, retried, late } = parts;
  const { reader } = parts.store;
  const parked = new Set<number>();
  const again: number[] = [];
  const park = (letter: SettledLetter & { readonly key: number }) => {
    parked.add(letter.key);
    parking.park(directory.get(reader.nameOf(letter.key)), letter, lastPosition, waves);
  };
  for (const letter of deadLetters.parked) {
    const left = withoutOutdated(parts, letter);
    if (left) park(left);
  }
  for (const position of [...deadLetters.retryParked, ...deadLetters.retry]) {
    const stored = reader.deadLetter(position);
    const letter = stored && withoutOutdated(parts, stored);
    if (!letter) continue;
    if (late.missing(letter) !== undefined) {
      if (letter.state === 'parked') park(letter);
    } else if (late.isOpen(letter)) retried.set(position, letter);
    else {
      retried.set(position, { ...letter, state: 'skipped' });
      again.push(position);
    }
  }
  return { parked, again };
}

/**
 * A dead letter without those that built a state in a version before today's: what they failed on is tried again by the
 * building of today's. Returns what is left of it.
 */
function withoutOutdated<Letter extends SettledLetter>(
  { hub, states }: BeginningParts,
  letter: Letter,
): Letter | undefined {
  const { position } = letter;
  const outdated = letter.owners.filter((owner) => states.isOutdated(owner));
  if (outdated.length === 0) return letter;
  hub.discard({ position, owners: outdated });
  const owners = letter.owners.filter((owner) => !outdated.includes(owner));
  return owners.length === 0 ? undefined : { ...letter, owners };
}

async function whenRecovered(hub: BeginningParts['hub'], backlog: Backlog): Promise<void> {
  await hub.drain();
  if (!backlog.isCutShort) return;
  throw new EngineClosedError(
    'The engine was closed before everything was handled that had been unfinished when it opened. The rest is in its log: the next open goes on.',
  );
}
