import type { WireError } from '../kernel/error-codec.js';
import type { ProfileOrder, ThreadReading } from '../sampling/thread-profiler.js';
import type { CommandLane } from './aggregates/protocol.js';
import type { LaneLog } from './history.js';
import type { LaneCell } from './lane-cell.js';
import type { HandledType, LaneAnswer, LaneBatch, LaneSetup } from './protocol.js';

/** What a lane has to say that nobody has just asked for. */
export interface LaneEvents {
  /** Answers may come in another order than their numbers say. */
  answered(answer: LaneAnswer): void;
  /** It is dead. May be said more than once, and when nothing was under way it need not be said at all. */
  died(error: Error): void;
  /** What its handlers read; left out when there is no log. */
  readonly log?: LaneLog;
}

/** A FIFO path to one place where handlers run, from its opening to its end. A lane that died stays dead. */
export interface Lane {
  /** What the lane is doing; readable at any time, also when it has died. */
  readonly cell: LaneCell;
  /** Where its aggregates are, once it is open; left out when it has none. */
  readonly commands?: CommandLane | undefined;
  /**
   * Loads the handler modules. `events` hears of everything that comes of batches.
   *
   * @throws the coded error of the module that could not be loaded.
   */
  open(setup: LaneSetup, events: LaneEvents): Promise<readonly HandledType[]>;
  /** Hands over a batch, to be run after all earlier ones. Its answers, and the lane's death, come as events. */
  run(batch: LaneBatch): void;
  /** Calls the modules' `onBroadcast` hooks. Returns what they threw. @throws LaneCrashedError */
  broadcast(message: unknown): Promise<readonly WireError[]>;
  /** Does what a profile asks of the lane's thread. Nothing is read on a thread that is not its own. @throws LaneCrashedError */
  profile(order: ProfileOrder): Promise<ThreadReading | undefined>;
  /** Ends the lane at once, whatever it is doing; what it had reject. */
  end(): Promise<void>;
}

/** Makes lanes. On threads, on the main thread or simulated; all pass the same contract tests. */
export type MakeLane = (lane: number, threads: number) => Lane;
