import type { HandlerError } from '../kernel/errors.js';
import { onAbort } from '../kernel/on-abort.js';

/** Counts what has begun and not ended, and tells whoever waits when nothing is left. */
export class Pending {
  #count = 0;
  readonly #waiting = new Set<() => void>();

  begin(): void {
    this.#count++;
  }

  end(): void {
    this.#count--;
    if (this.#count > 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /** Resolves when nothing is pending. @throws the signal's reason when it aborts before. */
  async settled(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    // What ends may have begun something else: whoever waits looks again.
    while (this.#count > 0) await this.#next(signal);
  }

  #next(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = () => {
        leave();
        resolve();
      };
      this.#waiting.add(wake);
      const leave = onAbort(signal, (reason) => {
        this.#waiting.delete(wake);
        reject(reason);
      });
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
