import { unlessAborted } from '../kernel/on-abort.js';
import type { Journal } from './journal.js';

/** One wait until everything up to a position, and what that led to, is finished. */
class Drain {
  /** Positions up to it must be finished. */
  target: number;
  /** Unfinished positions above it that subscribers of such events published, in the order in which they did. */
  readonly led = new Set<number>();
  /** Whether something was added to `led` since it was last set to false. */
  grew = false;
  resolve: () => void = () => {};
  reject: (error: Error) => void = () => {};

  constructor(target: number) {
    this.target = target;
  }
}

/**
 * Waits for what was published before the wait began and for what that leads to, and for nothing else: others may
 * publish without a pause.
 */
export class Drains {
  readonly #journal: Journal;
  readonly #hasLanes: boolean;
  readonly #waiting = new Set<Drain>();
  #looking = false;

  constructor(journal: Journal, hasLanes: boolean) {
    this.#journal = journal;
    this.#hasLanes = hasLanes;
  }

  /** Resolves when everything up to a position, and what it led to, is finished. @throws the signal's reason. */
  async wait(position: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const { engine } = this.#journal;
    const drain = new Drain(position);
    this.#waiting.add(drain);
    try {
      do {
        drain.grew = false;
        if (this.#hasLanes) {
          await engine.drain({ ...(signal && { signal }) });
          // What lanes made of it lies below the end that the log has now. Which events those are nobody knows.
          drain.target = Math.max(drain.target, engine.stats().lastPosition);
        }
        if (!this.#isDone(drain)) await unlessAborted(done(drain), signal);
      } while (this.#hasLanes && drain.grew);
    } finally {
      this.#waiting.delete(drain);
    }
  }

  /** A subscriber of the event at `cause` has published the one at `position`. */
  led(cause: number, position: number): void {
    for (const drain of this.#waiting) {
      if (cause > drain.target && !drain.led.has(cause)) continue;
      drain.led.add(position);
      drain.grew = true;
    }
  }

  /** An event is finished: looks once for all that are finished in this turn. */
  look(): void {
    if (this.#waiting.size === 0 || this.#looking) return;
    this.#looking = true;
    queueMicrotask(() => {
      this.#looking = false;
      for (const drain of this.#waiting) if (this.#isDone(drain)) drain.resolve();
    });
  }

  fail(error: Error): void {
    for (const { reject } of this.#waiting) reject(error);
  }

  #isDone({ target, led }: Drain): boolean {
    const { processing } = this.#journal;
    if (processing.nextUnfinished(1) <= target) return false;
    for (const position of led) {
      if (!processing.isFinished(position)) return false;
      led.delete(position);
    }
    return true;
  }
}

function done(drain: Drain): Promise<void> {
  return new Promise((resolve, reject) => {
    drain.resolve = resolve;
    drain.reject = reject;
  });
}
