import { onAbort } from '../../kernel/on-abort.js';

/** The room that a publisher needs at once. */
export interface Need {
  readonly events: number;
  readonly bytes: number;
  /** The latest time of its events, which come in together; left out: that of the first. */
  readonly latest?: number;
}

/** One event, whatever its size. */
const ONE: Need = { events: 1, bytes: 0 };

/** A publisher that waits for room; `enter` takes its events in. */
interface Waiting {
  readonly need: Need;
  readonly enter: () => void;
  readonly refuse: (error: unknown) => void;
}

/**
 * The door of the engine: when it is full, publishers wait in the order in which they came. An event is taken
 * in the moment its turn comes, not when its promise is next looked at, so that none can slip in between.
 */
export class Admission {
  readonly #hasRoom: (need: Need) => boolean;
  readonly #onWaited: (milliseconds: number) => void;
  readonly #checkWait: () => void;
  readonly #waiting = new Set<Waiting>();

  /**
   * @param onWaited told how many milliseconds somebody has waited.
   * @param checkWait throws for who must not wait here, because the room has to come from them.
   */
  constructor(
    hasRoom: (need: Need) => boolean,
    onWaited: (milliseconds: number) => void = () => {},
    checkWait: () => void = () => {},
  ) {
    this.#hasRoom = hasRoom;
    this.#onWaited = onWaited;
    this.#checkWait = checkWait;
  }

  /** Whether an event may be taken in at once. */
  get isOpen(): boolean {
    return this.isOpenFor(ONE);
  }

  /** Whether so much may be taken in at once. */
  isOpenFor(need: Need): boolean {
    return this.#waiting.size === 0 && this.#hasRoom(need);
  }

  /** Publishers that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Runs `accept` when there is room; rejects with what it throws, or when `signal` aborts. @throws WaitsForItselfError */
  enter<Result>(
    accept: () => Result | PromiseLike<Result>,
    signal: AbortSignal | undefined,
    { need = ONE }: { readonly need?: Need } = {},
  ): Promise<Result> {
    this.#checkWait();
    const cameAt = performance.now();
    return new Promise<Result>((resolve, reject) => {
      const waiting: Waiting = {
        need,
        enter: () => {
          leave();
          this.#onWaited(performance.now() - cameAt);
          try {
            resolve(accept());
          } catch (error) {
            reject(error);
          }
        },
        refuse: (error) => {
          leave();
          reject(error);
        },
      };
      this.#waiting.add(waiting);
      const leave = onAbort(signal, (reason) => {
        this.#waiting.delete(waiting);
        reject(reason);
      });
    });
  }

  /** Lets waiting publishers in while there is room. */
  advance(): void {
    for (const waiting of this.#waiting) {
      if (!this.#hasRoom(waiting.need)) return;
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
