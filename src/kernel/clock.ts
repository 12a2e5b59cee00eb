import { CLOCK_READS } from '../limits.js';

/**
 * The clocks, read once for a few events of one synchronous run: reading one costs 40 ns, a tenth of
 * publishing an event. A time is at most `CLOCK_READS` events old and never older than the running turn.
 */
export class Clock {
  #time = 0;
  #steady = 0;
  #reads = 0;
  #expires = false;

  /** Unix epoch milliseconds. */
  now(): number {
    if (this.#reads === 0) {
      this.#time = Date.now();
      this.#steady = steadyNow();
      if (!this.#expires) queueMicrotask(this.#expire);
      this.#expires = true;
    }
    this.#reads = (this.#reads + 1) % CLOCK_READS;
    return this.#time;
  }

  /** `steadyNow()`, as it was read together with what `now` returned last. */
  get steady(): number {
    return this.#steady;
  }

  readonly #expire = (): void => {
    this.#expires = false;
    this.#reads = 0;
  };
}

const START = process.hrtime();

/** What the steady clock shows when `performance.now()` is 0 on this thread. */
const STEADY_START = START[0] * 1000 + START[1] / 1_000_000 - performance.now();

/**
 * Milliseconds of the machine's steady clock, the same on all threads of the process. Deadlines and durations go by
 * it: the wall clock may be set an hour on or back at any time.
 */
export function steadyNow(): number {
  return STEADY_START + performance.now();
}
