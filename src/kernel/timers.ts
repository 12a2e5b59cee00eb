/** Timers of the engine; the simulation has virtual ones. */
export interface Timers {
  set(callback: () => void, milliseconds: number): unknown;
  /** For what nobody waits for: it keeps no process alive. A world without time may never call it. */
  background(callback: () => void, milliseconds: number): unknown;
  clear(timer: unknown): void;
  /** Epoch milliseconds. */
  now(): number;
}

/** Node's own. */
export const NODE_TIMERS: Timers = {
  set: (callback, milliseconds) => setTimeout(callback, milliseconds),
  background: (callback, milliseconds) => setTimeout(callback, milliseconds).unref(),
  clear: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
  now: () => Date.now(),
};
