/** Timers of the engine; the simulation has virtual ones. */
export interface Timers {
  set(callback: () => void, milliseconds: number): unknown;
  clear(timer: unknown): void;
  /** Epoch milliseconds. */
  now(): number;
}

/** Node's own. */
export const NODE_TIMERS: Timers = {
  set: (callback, milliseconds) => setTimeout(callback, milliseconds),
  clear: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
  now: () => Date.now(),
};
