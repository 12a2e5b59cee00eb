// Not the global ones, which a test with fake timers replaces: the engine must come round all the same.
import { clearImmediate, clearTimeout, setImmediate, setTimeout } from 'node:timers';
import { steadyNow } from '../kernel/clock.js';
import type { Time } from '../kernel/time.js';
import type { TestClock } from './test-clock.js';

/** When a test engine tries a failed event again: without a pause, or when the test clock says so. */
export type RetryMode = 'at-once' | 'on-clock';

/** The timers of a test engine: an engine on the main thread sets them for its retries and its handlers' timers alone. */
export class RetryTimers implements Time {
  readonly #clock: TestClock;
  readonly #waiting = new Map<() => void, Disposable>();
  #mode: RetryMode;

  constructor(clock: TestClock, mode: RetryMode) {
    this.#clock = clock;
    this.#mode = mode;
  }

  /** Retries that wait for the clock. */
  get waiting(): number {
    return this.#waiting.size;
  }

  now(): number {
    return this.#clock.now();
  }

  /** What takes time takes real time. */
  steady(): number {
    return steadyNow();
  }

  set(callback: () => void, milliseconds: number): Disposable {
    if (this.#mode === 'at-once') {
      // A turn later, as a timer would be: the engine is in the middle of something.
      const immediate = setImmediate(callback);
      return { [Symbol.dispose]: () => clearImmediate(immediate) };
    }
    const run = () => {
      timer[Symbol.dispose]();
      callback();
    };
    const alarm = this.#clock.after(milliseconds, run);
    const timer: Disposable = {
      [Symbol.dispose]: () => {
        alarm[Symbol.dispose]();
        this.#waiting.delete(run);
      },
    };
    this.#waiting.set(run, timer);
    return timer;
  }

  /** The engine's look at its own health goes by real time, and holds up nobody. */
  background(callback: () => void, milliseconds: number): Disposable {
    const timer = setTimeout(callback, milliseconds).unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  }

  /** Timers of handlers fire when the test moves the clock. */
  alarm(callback: () => void, at: number): Disposable {
    return this.#clock.after(Math.max(0, at - this.#clock.now()), callback);
  }

  clear(timer: unknown): void {
    (timer as Disposable | undefined)?.[Symbol.dispose]();
  }

  /** Makes no retry wait any more, so that the engine can come to its end. */
  release(): void {
    this.#mode = 'at-once';
    for (const run of [...this.#waiting.keys()]) run();
  }
}
