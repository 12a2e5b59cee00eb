import type { WireError } from '../events/error-codec.js';
import type { ProfileOrder, ThreadReading } from '../profile/thread-profiler.js';
import type { LaneCell } from './lane-cell.js';
import type { HandledType, LaneBatch, LaneResult, LaneSetup } from './protocol.js';

/** A FIFO path to one place where handlers run, from its opening to its end. A lane that died stays dead. */
export interface Lane {
  /** What the lane is doing; readable at any time, also when it has died. */
  readonly cell: LaneCell;
  /** Loads the handler modules. @throws the coded error of the module that could not be loaded. */
  open(setup: LaneSetup): Promise<readonly HandledType[]>;
  /** Runs a batch after all earlier ones. @throws LaneCrashedError when the lane died. */
  run(batch: LaneBatch): Promise<LaneResult>;
  /** Calls the modules' `onBroadcast` hooks. Returns what they threw. @throws LaneCrashedError */
  broadcast(message: unknown): Promise<readonly WireError[]>;
  /** Does what a profile asks of the lane's thread. Nothing is read on a thread that is not its own. @throws LaneCrashedError */
  profile(order: ProfileOrder): Promise<ThreadReading | undefined>;
  /** Ends the lane at once, whatever it is doing; what it had reject. */
  end(): Promise<void>;
}

/** Makes lanes. On threads, on the main thread or simulated; all pass the same contract tests. */
export type MakeLane = (lane: number, threads: number) => Lane;
