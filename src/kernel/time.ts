import { steadyNow } from './clock.js';
import { LONGEST_SLEEP_MS } from './limits.js';

/**
 * Time, as it is handed down to everything that waits or looks at a clock. Whoever makes a world says what it is: the
 * simulation has virtual timers, a test engine a clock that stands still until the test moves it.
 */
export interface Time {
  /** The wall clock, in Unix epoch milliseconds. It may be set on or back, so nothing is measured by it. */
  now(): number;
  /** Milliseconds of a clock that never jumps, the same on all threads of the process: for deadlines and durations. */
  steady(): number;
  set(callback: () => void, milliseconds: number): unknown;
  /** For what nobody waits for: it keeps no process alive. A world without time may never call it. */
  background(callback: () => void, milliseconds: number): unknown;
  /**
   * Calls back when the wall clock shows that time, or some time before: the callee looks again. It keeps no process
   * alive, and a clock that is set, or a machine that slept, delays it by a minute at most.
   */
  alarm(callback: () => void, at: number): unknown;
  clear(timer: unknown): void;
}

/** Node's own. */
export const NODE_TIME: Time = {
  now: () => Date.now(),
  steady: steadyNow,
  set: (callback, milliseconds) => setTimeout(callback, milliseconds),
  background: (callback, milliseconds) => setTimeout(callback, milliseconds).unref(),
  alarm: (callback, at) =>
    setTimeout(callback, Math.min(Math.max(0, at - Date.now()), LONGEST_SLEEP_MS)).unref(),
  clear: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
};
