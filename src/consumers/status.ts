import { decodeError } from '../kernel/error-codec.js';
import {
  type ConsumerFailureRecord,
  type ConsumerFailureState,
  lastFor,
  type StoredConsumer,
} from '../store/consumer.js';
import type { LetterCount } from '../store/dead-letter.js';
import { countFinished } from '../store/progress-span.js';

/**
 * What a consumer is at. `running`: it takes events as they come. `paused`: `resume()` goes on. `failed`: it has stopped
 * by itself because of `error`, and `resume()` tries again; or the engine has failed, and `recover()` goes on.
 * `stopped`: nothing of it runs, and its progress is in the log.
 */
export type ConsumerState = 'running' | 'paused' | 'failed' | 'stopped';

/** How far a consumer is, and what stands in its way. */
export interface ConsumerStatus {
  readonly name: string;
  readonly state: ConsumerState;
  /** It is done with every event up to here. */
  readonly position: number;
  /** Durable events that it is not done with, parked ones included. */
  readonly lag: number;
  /** Keys that wait behind a failed event. */
  readonly parkedKeys: number;
  /** Events that failed for good and are kept: parked and skipped ones. */
  readonly failures: number;
  /** Since it was started: events handled, tries that failed, tries that were made again, events skipped. */
  readonly handled: number;
  readonly failed: number;
  readonly retried: number;
  readonly skipped: number;
  /** Handlers that run at this moment. */
  readonly inFlight: number;
  /** Why it is `failed`. */
  readonly error?: Error;
}

/** An event that a consumer failed on for good. */
export interface ConsumerFailure {
  readonly position: number;
  /** The partition key. */
  readonly key: string;
  readonly state: ConsumerFailureState;
  readonly attempts: number;
  /** Unix epoch milliseconds. */
  readonly failedAt: number;
  /** What the handler threw last. */
  readonly error: Error;
}

/** An event of a consumer has failed for good. */
export interface ConsumerFailed {
  readonly consumer: string;
  readonly position: number;
  readonly key: string;
  readonly state: 'parked' | 'skipped' | 'stopped';
  readonly error: Error;
}

/** A consumer that is in the log and does not run. @param last the log's last durable position. @param letters of it. */
export function stoppedStatus(
  { name, progress, failures }: StoredConsumer,
  last: number,
  letters: LetterCount,
): ConsumerStatus {
  const end = lastFor(name, last);
  return {
    name,
    state: 'stopped',
    position: Math.min(progress.mark, end),
    lag: Math.max(0, end - countFinished(progress)),
    parkedKeys: letters.parked + failures.filter(({ state }) => state === 'parked').length,
    failures: letters.parked + letters.skipped + failures.length,
    ...{ handled: 0, failed: 0, retried: 0, skipped: 0, inFlight: 0 },
  };
}

export function failureOf(
  { position, key, state, attempts, failedAt, error }: ConsumerFailureRecord,
  nameOf: (id: number) => string,
): ConsumerFailure {
  return { position, key: nameOf(key), state, attempts, failedAt, error: decodeError(error) };
}
