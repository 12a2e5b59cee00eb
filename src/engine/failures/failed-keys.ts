import type { NameEntry } from '../sequence/directory.js';
import type { FailedEvent } from './failed-event.js';

/**
 * The failed event of each key that has one, from its failure until it succeeds or is given up. Nothing else writes what
 * a key says of it: `failing`, `attempts` and `firstFailedAt`.
 */
export class FailedKeys {
  readonly #events = new Map<NameEntry, FailedEvent>();

  /** Keys with a failed event. */
  get size(): number {
    return this.#events.size;
  }

  of(key: NameEntry): FailedEvent | undefined {
    return this.#events.get(key);
  }

  /** An event of the key has failed, and what becomes of it is to be decided. */
  failed(key: NameEntry, event: FailedEvent): void {
    this.#events.set(key, event);
    key.failing = true;
  }

  /** It is being decided: the try counts. */
  tried(key: NameEntry, now: number): void {
    key.failing = false;
    key.attempts++;
    if (key.attempts === 1) key.firstFailedAt = now;
  }

  /** An event of a key that has used up tries has succeeded. */
  succeeded(key: NameEntry, reference: number): void {
    key.attempts = 0;
    // A later event of the key may have failed in the same batch, and is the one to be tried again.
    if (this.#events.get(key)?.reference === reference) this.#events.delete(key);
  }

  /** The failed event is a dead letter. */
  forget(key: NameEntry): void {
    key.attempts = 0;
    this.#events.delete(key);
  }
}
