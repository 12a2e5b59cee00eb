import type { NameEntry } from '../sequence/directory.js';
import type { TimerFiring } from './timer-firing.js';
import type { TimerKeeper } from './timer-keeper.js';

const NONE: readonly string[] = [];

/** What timers of the data's time work with. */
export interface DataTimersParts {
  readonly keeper: TimerKeeper;
  readonly firing: TimerFiring;
  readonly keyOf: (name: string) => NameEntry;
}

/**
 * Timers in deterministic mode. Their clock stands where the latest event stands that was published, and what handlers
 * emit does not move it: when they do so depends on the threads. Which timer fires between which events of its key is
 * for the gate to say, which knows what time it was when each of them came.
 */
export class DataTimers {
  readonly #parts: DataTimersParts;
  /** The latest `occurredAt` of all events that were published. Unix epoch milliseconds. */
  now = Number.NEGATIVE_INFINITY;

  constructor(parts: DataTimersParts) {
    this.#parts = parts;
  }

  /** It is so late. @returns the keys of which timers have come due with that, each of them at least once. */
  reach(time: number): readonly string[] {
    if (time > this.now) this.now = time;
    const { keeper } = this.#parts;
    if (keeper.isIdle) return NONE;
    const keys: string[] = [];
    for (let ticket = keeper.due(this.now); ticket; ticket = keeper.due(this.now)) {
      keys.push(keeper.keyNameOf(ticket));
    }
    return keys;
  }

  /** Whether a timer of the key is due by then. */
  isDue(key: string, by: number): boolean {
    const { keeper, keyOf } = this.#parts;
    return keeper.dueOf(keyOf(key), by) !== undefined;
  }

  /** Publishes the key's timer whose turn it is, if one is due by then. @returns whether one was. */
  fire(key: string, by: number): boolean {
    const { keeper, firing, keyOf } = this.#parts;
    const ticket = keeper.dueOf(keyOf(key), by);
    if (ticket) firing.fire(ticket);
    return ticket !== undefined;
  }
}
