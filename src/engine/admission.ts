/** A publisher that waits for room; `enter` takes its event in. */
interface Waiting {
  readonly enter: () => void;
  readonly refuse: (error: unknown) => void;
}

/**
 * The door of the engine: when it is full, publishers wait in the order in which they came. An event is taken
 * in the moment its turn comes, not when its promise is next looked at, so that none can slip in between.
 */
export class Admission {
  readonly #hasRoom: () => boolean;
  readonly #onWaited: (milliseconds: number) => void;
  readonly #waiting = new Set<Waiting>();

  /** @param onWaited told how many milliseconds somebody has waited. */
  constructor(hasRoom: () => boolean, onWaited: (milliseconds: number) => void = () => {}) {
    this.#hasRoom = hasRoom;
    this.#onWaited = onWaited;
  }

  /** Whether an event may be taken in at once. */
  get isOpen(): boolean {
    return this.#waiting.size === 0 && this.#hasRoom();
  }

  /** Publishers that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Runs `accept` when there is room; rejects with what it throws, or when `signal` aborts. */
  enter<Result>(
    accept: () => Result | PromiseLike<Result>,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    const cameAt = performance.now();
    return new Promise<Result>((resolve, reject) => {
      const abort = () => {
        this.#waiting.delete(waiting);
        reject(signal?.reason);
      };
      const waiting: Waiting = {
        enter: () => {
          signal?.removeEventListener('abort', abort);
          this.#onWaited(performance.now() - cameAt);
          try {
            resolve(accept());
          } catch (error) {
            reject(error);
          }
        },
        refuse: (error) => {
          signal?.removeEventListener('abort', abort);
          reject(error);
        },
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.add(waiting);
    });
  }

  /** Lets waiting publishers in while there is room. */
  advance(): void {
    for (const waiting of this.#waiting) {
      if (!this.#hasRoom()) return;
      this.#waiting.delete(waiting);
      waiting.enter();
    }
  }

  /** Sends everybody away who waits. */
  refuseAll(error: Error): void {
    for (const waiting of this.#waiting) {
      this.#waiting.delete(waiting);
      waiting.refuse(error);
    }
  }
}
