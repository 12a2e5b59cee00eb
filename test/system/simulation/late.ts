import { defineHandlers, type HandlerContext } from 'millrace/define';
import type { HandlerModule } from '../../../dist/src/lanes/handlers.js';
import { Progress } from '../../../dist/src/store/progress.js';
import { type Counted, count, LateCount } from './counting.js';
import { LateDone, Parking, Skipping, type Task } from './events.js';
import type { Life } from './life.js';
import type { Contents, SimStore } from './sim-disk.js';
import { Violation } from './violation.js';

/** Types whose old events the module asks for. */
export const LATE_TYPES: readonly string[] = [Parking.type, Skipping.type];

/** Tries that fail of an event that the module cannot handle at first: one more than it has before it is a dead letter. */
const BAD_TRIES = 4;

/** Handles an event when its key is free, as the module that was there from the beginning does. */
export type Handle = (event: { position: number; data: Task }, finish: () => void) => void | Promise<void>;

/**
 * A handler module that is not there from the beginning, asks for old events, and is sometimes left out again; and what must
 * be true of what it did.
 */
export class LateModule {
  readonly #life: Life;
  readonly #isEver: boolean;
  #isMet = false;
  /** Whether the process has it. */
  isHere = false;
  /** Tries of each event that it cannot handle at first. */
  readonly #tries = new Map<number, number>();
  readonly #givenUp = new Set<number>();
  /** Whether a task was last run with it, by its position: a new event is handled by all modules that are there. */
  readonly #with = new Map<number, boolean>();

  constructor(life: Life) {
    this.#life = life;
    this.#isEver = life.steps.chance(0.6);
  }

  /** A process opens the log. The first one has nothing to ask for. */
  opening(isFirst: boolean): void {
    const { steps } = this.#life;
    this.isHere = this.#isEver && !isFirst && steps.chance(0.65);
    this.#isMet ||= this.isHere;
    if (this.#isEver) steps.note(this.isHere ? 'with the late module' : 'without the late module');
  }

  /** While no engine is open, a user has some dead letter tried again by the next one, as `retryDeadLetters` does. */
  retryOffline(): void {
    const { steps, disk, rerun } = this.#life;
    const letters = [...disk.read().letters.values()];
    if (!this.#isEver || letters.length === 0 || !steps.chance(0.3)) return;
    const letter = steps.pick(letters);
    steps.note(`retry ${letter.position} by the next engine`);
    if (letter.state === 'skipped' || letter.owners.length > 1) rerun.add(letter.position);
    const deadLetters = { put: [{ ...letter, retry: true }], remove: [] };
    disk.write({ events: [], names: [], batch: { progress: undefined, shapes: [], deadLetters } });
  }

  /** A user gave up what it had failed on, and that is stored. */
  gaveUp(position: number): void {
    this.#givenUp.add(position);
  }

  /** A power cut may have taken back what was given up. */
  powerCut(): void {
    this.#givenUp.clear();
  }

  /** A task runs in the handlers that were there from the beginning. */
  ran(position: number): void {
    this.#with.set(position, this.isHere);
  }

  module(handle: Handle): HandlerModule {
    const late = (event: { position: number; data: Task }, counted: Counted, ctx: HandlerContext) =>
      handle(event, () => this.#finish(event.position, event.data, counted, ctx));
    const patient = { retries: 2, retryDelayMs: 1, from: 'start', state: LateCount } as const;
    return defineHandlers('late', (on) => {
      on(Parking, patient, late);
      on(Skipping, { ...patient, onFailure: 'skip' }, late);
    });
  }

  /** Whether it fails on a task so often that this may have become a dead letter. */
  isBad({ number }: Task): boolean {
    return this.#isEver && (number / 100) % 4 === 2;
  }

  /** Whether it must not be called with an event: its log says that it is done with it, or its user did. */
  isOver(position: number, store: SimStore): boolean {
    if (this.#givenUp.has(position)) return true;
    const { contents } = store;
    const consumer = consumerOf(contents, position);
    if (!consumer?.progress.isFinished(position)) return false;
    return !contents.letters.get(position)?.owners.includes(consumer.name);
  }

  /** Compares what it left in a log that has come to rest with what must be true. @throws Violation */
  check(contents: Contents, done: ReadonlyMap<number, number>, lateDone: ReadonlyMap<number, number>): void {
    if (!this.#isMet) return;
    // Of a key that was parked before it came, it gets nothing either.
    const parked = new Set<number>();
    for (const { key, state } of contents.letters.values()) if (state === 'parked') parked.add(key);
    for (const raw of contents.events) {
      const { position } = raw;
      const effects = lateDone.get(position) ?? 0;
      expect(effects <= 1, `${position} has ${effects} effects of the late module`);
      if (!LATE_TYPES.includes(contents.types.get(raw.type)?.name ?? '')) continue;
      const consumer = consumerOf(contents, position);
      if (!consumer) {
        const wanted = this.#with.get(position) ? (done.get(position) ?? 0) : 0;
        expect(effects === wanted, `${position} was new to the late module and has ${effects} effects of it`);
      } else if (consumer.progress.isFinished(position)) {
        const isLetter = contents.letters.get(position)?.owners.includes(consumer.name);
        const isGivenUp = isLetter || this.#life.discarded.has(position);
        expect(
          effects === 1 || isGivenUp,
          `${position} is done for the late module and has no effects of it`,
        );
      } else {
        expect(effects === 0, `${position} is left to the late module and has effects of it`);
        const isParked = parked.has(raw.partitionKey ?? raw.aggregate);
        expect(!this.isHere || isParked, `${position} is left to the late module, and nothing parks it`);
      }
    }
  }

  #finish(position: number, task: Task, counted: Counted, ctx: HandlerContext): void {
    const done = count(counted, position);
    const tries = (this.#tries.get(position) ?? 0) + 1;
    this.#tries.set(position, tries);
    if (this.isBad(task) && tries <= BAD_TRIES) throw new Error(`late try ${tries} of ${task.number}`);
    ctx.emit(LateDone({ key: task.key, number: task.number, attempt: ctx.attempt, count: done }));
  }
}

/** The handlers of the module to which an event is an old one, as a consumer of the log. */
function consumerOf({ consumers, events, types }: Contents, position: number) {
  const raw = events[position - 1];
  const type = raw && types.get(raw.type)?.name;
  const stored = consumers.all().find(({ name }) => name.startsWith(`millrace:handler/${type}/late@`));
  if (!stored || position > Number(stored.name.slice(stored.name.lastIndexOf('@') + 1))) return undefined;
  return { name: stored.name, progress: new Progress(stored.progress.mark, stored.progress.chunks) };
}

function expect(holds: boolean, message: string): void {
  if (!holds) throw new Violation(message);
}
