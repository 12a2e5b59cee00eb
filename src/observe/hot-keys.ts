import { HOT_KEYS_TRACKED } from '../limits.js';

/** A partition key with many events. */
export interface HotKey {
  readonly key: string;
  /** Estimated events that lanes were given since the engine opened, by one look a batch. */
  readonly events: number;
  /** How much too high the estimate may be for having come late to the list. */
  readonly error: number;
}

/**
 * The keys with the most events, in fixed memory: Metwally, Agrawal and El Abbadi's Space-Saving (ICDT 2005). A new
 * key takes the place, and the count, of the least one; a key that is really hot can never be missed.
 */
export class HotKeys {
  readonly #counts = new Map<string, { events: number; error: number }>();

  /** Events of all keys. */
  total = 0;

  /** One event of a batch was of this key, and stands for all of the batch. */
  saw(key: string, events: number): void {
    this.total += events;
    const known = this.#counts.get(key);
    if (known) {
      known.events += events;
      return;
    }
    if (this.#counts.size < HOT_KEYS_TRACKED) {
      this.#counts.set(key, { events, error: 0 });
      return;
    }
    let least: [string, { events: number; error: number }] | undefined;
    for (const entry of this.#counts) if (!least || entry[1].events < least[1].events) least = entry;
    if (!least) return;
    this.#counts.delete(least[0]);
    this.#counts.set(key, { events: least[1].events + events, error: least[1].events });
  }

  /** The hottest keys, at most `count`. */
  top(count: number): readonly HotKey[] {
    return [...this.#counts]
      .map(([key, { events, error }]) => ({ key, events, error }))
      .sort((a, b) => b.events - b.error - (a.events - a.error))
      .slice(0, count);
  }
}
