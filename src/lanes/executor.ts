import type { HandledType, LaneBatch, LaneResult, LaneSetup } from './protocol.js';

/** Where lanes run: on threads or on the main thread. */
export interface LaneExecutor {
  /** Number of lanes, at least 1. */
  readonly lanes: number;
  /** Worker threads, 0 for the main thread. */
  readonly threads: number;
  /** Tasks handed to lanes so far, the opening ones included. */
  readonly tasks: number;
  /** Loads the handler modules everywhere. @throws the coded error of the module that could not be loaded. */
  open(setup: Omit<LaneSetup, 'lane'>): Promise<readonly HandledType[]>;
  /** Runs a batch after all earlier ones of its lane. @throws LaneCrashedError when the thread ended. */
  run(lane: number, batch: LaneBatch): Promise<LaneResult>;
  /** Ends the threads. Nothing may be in flight. */
  close(): Promise<void>;
}
