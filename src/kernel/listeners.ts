import { outside } from './async-context.js';
import { guarded } from './guarded.js';

/**
 * Tells listeners what happens, in nobody's async context. What a listener throws, or an async one rejects with, is
 * counted and touches nobody else.
 */
export class Listeners<Heard> {
  readonly #listeners = new Set<(notice: Heard) => void>();
  readonly #onError: () => void;

  constructor(onError: () => void) {
    this.#onError = onError;
  }

  /** Adds a listener. Returns what removes it. */
  add(listener: (notice: Heard) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  send(notice: Heard): void {
    for (const listener of this.#listeners) outside(() => guarded(() => listener(notice), this.#onError));
  }
}
