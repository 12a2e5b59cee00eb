import { onAbort } from '../kernel/on-abort.js';

interface Waiter {
  readonly position: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Callers that wait until a consumer has come to a position. */
export class CatchUps {
  readonly #waiting = new Set<Waiter>();

  /** @throws the signal's reason; what `rejectAll` is given. */
  async wait(position: number, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { position, resolve, reject };
    this.#waiting.add(waiter);
    const leave = onAbort(signal, reject);
    try {
      await promise;
    } finally {
      leave();
      this.#waiting.delete(waiter);
    }
  }

  look(isPast: (position: number) => boolean): void {
    for (const { position, resolve } of this.#waiting) if (isPast(position)) resolve();
  }

  rejectAll(error: Error): void {
    for (const { reject } of this.#waiting) reject(error);
  }
}
