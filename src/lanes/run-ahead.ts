import { ROW_RUN_START, type Slab } from '../events/slab.js';
import { MAX_LANE_NAMES } from '../limits.js';

/** An aggregate's version is not known here: something was emitted to it since the main thread numbered it. */
const UNKNOWN = 0;

/** What the events of one key that run ahead of their numbers have led to, as far as it changes what comes behind. */
export class KeyAhead {
  readonly #isHandled: (type: number) => boolean;
  /** Of aggregates that the run has touched: the last version, or `UNKNOWN`. */
  readonly #versions = new Map<string, number>();
  #stopped = false;
  /** Version of the event that runs. */
  version = 0;

  constructor(isHandled: (type: number) => boolean) {
    this.#isHandled = isHandled;
  }

  /**
   * Whether the next event may run: not when an emitted one comes before it, or when what was emitted to its
   * aggregate leaves its version open.
   */
  begin(aggregateId: string, sentVersion: number): boolean {
    const last = this.#versions.get(aggregateId);
    if (last === UNKNOWN) this.#stopped = true;
    if (this.#stopped) return false;
    // The main thread knew all that was answered when it sent the event, and this lane knows what came since.
    this.version = Math.max(sentVersion, (last ?? 0) + 1);
    this.#versions.set(aggregateId, this.version);
    return true;
  }

  /** Something may come before the events behind, which only the main thread knows. */
  stop(): void {
    this.#stopped = true;
  }

  emitted(type: number, aggregateId: string): void {
    if (this.#isHandled(type)) this.#stopped = true;
    const last = this.#versions.get(aggregateId) ?? UNKNOWN;
    this.#versions.set(aggregateId, last === UNKNOWN ? UNKNOWN : last + 1);
  }
}

/** The keys of a lane whose events run ahead of their numbers; see `KeyRuns` in the engine. */
export class RunAhead {
  readonly #isHandled: (type: number) => boolean;
  readonly #keys = new Map<number, KeyAhead>();

  constructor(isHandled: (type: number) => boolean) {
    this.#isHandled = isHandled;
  }

  /** The run that a row belongs to. */
  of(slab: Slab, row: number): KeyAhead {
    const key = slab.key[row] as number;
    const known = this.#keys.get(key);
    if (known && ((slab.flags[row] as number) & ROW_RUN_START) === 0) return known;
    // The run that was begun last stands last. One that is pushed out has no event in the mailbox any more.
    this.#keys.delete(key);
    const [oldest] = this.#keys.keys();
    if (oldest !== undefined && this.#keys.size >= MAX_LANE_NAMES) this.#keys.delete(oldest);
    const run = new KeyAhead(this.#isHandled);
    this.#keys.set(key, run);
    return run;
  }
}
