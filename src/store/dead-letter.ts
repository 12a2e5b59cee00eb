import type { WireError } from '../kernel/error-codec.js';

/** `parked`: the key's later events wait behind it. `skipped`: the key went on. */
export type DeadLetterState = 'parked' | 'skipped';

/** A dead letter as it lies in the store. */
export interface DeadLetterRecord {
  /** Position of the failed event. */
  readonly position: number;
  /** Number of the partition key's name. */
  readonly key: number;
  readonly state: DeadLetterState;
  readonly attempts: number;
  /** Names of the handler modules that handle the event. */
  readonly handler: string;
  readonly lane: number;
  /** Unix epoch milliseconds. */
  readonly firstFailedAt: number;
  readonly failedAt: number;
  readonly error: WireError;
  /** Asked for again while no engine was open. */
  readonly retry: boolean;
}

/** What a transaction changes of the dead letters: first `remove`, by position, then `put`. */
export interface DeadLetterChange {
  readonly put: readonly DeadLetterRecord[];
  readonly remove: readonly number[];
}

/** Which dead letters to read: those above a position, in position order. */
export interface DeadLetterRange {
  readonly after: number;
  readonly limit: number;
}

/** The dead letters that an engine must know of when it opens, each list in position order. */
export interface OpenDeadLetters {
  /** Parked, and nobody asked for another try. */
  readonly parked: readonly { readonly position: number; readonly key: number }[];
  /** Skipped, and to be tried again. */
  readonly retry: readonly number[];
  /** Parked, and to be tried again: the unfinished events of their keys are handled as if nothing had been. */
  readonly retryParked: readonly number[];
}

/** An event whose handlers failed for good. */
export interface DeadLetter {
  /** The event's id. */
  readonly id: string;
  readonly position: number;
  readonly type: string;
  readonly aggregateId: string;
  readonly version: number;
  /** The partition key. */
  readonly key: string;
  readonly state: DeadLetterState;
  readonly attempts: number;
  /** Names of the handler modules that handle the event. */
  readonly handler: string;
  readonly lane: number;
  /** Unix epoch milliseconds. */
  readonly firstFailedAt: number;
  readonly failedAt: number;
  /** What the handler threw last. */
  readonly error: Error;
  /** Whether the next engine that opens the store will try it again. */
  readonly retry: boolean;
}
