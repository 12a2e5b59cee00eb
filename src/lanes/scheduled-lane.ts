import { Ring } from '../kernel/ring.js';
import { LANE_BATCH_MILLISECONDS } from '../limits.js';
import type { KeyState } from './key-state.js';

/** What a lane's answer says of its credit. */
export interface AnsweredWork {
  /** Batches that are not in its mailbox any more. */
  readonly passed: number;
  /** Events that ended. */
  readonly events: number;
  /** Events that began to be awaited. */
  readonly waiting: number;
  /** Milliseconds that it worked. */
  readonly busy: number;
  /** Milliseconds since its last answer. */
  readonly elapsed: number;
}

/** What the scheduler knows of a lane. */
export interface Lane {
  readonly bound: Ring<KeyState>;
  /** Batches in its mailbox, or being begun. What it has begun and awaits costs no credit. */
  batches: number;
  /** Measured milliseconds of work per event, waiting left out; undefined before the first answer. */
  cost: number | undefined;
  /** Share of its events that are awaited. */
  waits: number;
  /** Milliseconds from the end of one event to the end of the next, waiting and all. */
  pace: number;
}

export function newLane(): Lane {
  return { bound: new Ring(), batches: 0, cost: undefined, waits: 0, pace: LANE_BATCH_MILLISECONDS };
}
