import type { HandlerError } from '../events/errors.js';
import { AbortSignals } from './abort-signals.js';

/** One who waits until nothing is pending. */
interface Waiting {
  readonly wake: () => void;
  readonly abort: () => void;
}

/** Whose waits end with which signal: one listener for each signal, however many wait with it. */
const signals = new AbortSignals<Waiting>(({ abort }) => abort());

/** Counts what has begun and not ended, and tells whoever waits when nothing is left. */
export class Pending {
  #count = 0;
  readonly #waiting = new Set<Waiting>();

  begin(): void {
    this.#count++;
  }

  end(): void {
    this.#count--;
    if (this.#count > 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const { wake } of waiting) wake();
  }

  /** Resolves when nothing is pending. @throws the signal's reason when it aborts before. */
  async settled(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    // What ends may have begun something else: whoever waits looks again.
    while (this.#count > 0) await this.#next(signal);
  }

  #next(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        wake: () => {
          if (signal) signals.remove(signal, waiting);
          resolve();
        },
        abort: () => {
          this.#waiting.delete(waiting);
          reject(signal?.reason);
        },
      };
      this.#waiting.add(waiting);
      if (signal) signals.add(signal, waiting);
    });
  }
}

/** What becomes of one event at all of its subscribers. It begins as pending: the event has yet to be delivered. */
export class Outcome extends Pending {
  readonly #errors: HandlerError[] = [];

  constructor() {
    super();
    this.begin();
  }

  failed(error: HandlerError): void {
    this.#errors.push(error);
  }

  /** @throws what a subscriber failed with; an AggregateError when several did. */
  check(): void {
    const [first, ...others] = this.#errors;
    if (first === undefined) return;
    if (others.length === 0) throw first;
    throw new AggregateError(this.#errors, `${this.#errors.length} subscribers failed.`);
  }
}
