import { decodeError, encodeError } from '../kernel/error-codec.js';
import { HandlerError } from '../kernel/errors.js';
import { messageOf } from '../kernel/thrown.js';
import type { DeadLetter } from '../store/dead-letter.js';
import type { FailedRecord } from '../store/processing.js';
import type { Delivery, Failure } from './delivery.js';

/** An event with a handler whose retries are used up. */
export interface FailedEvent {
  readonly id: string;
  readonly type: string;
  readonly aggregateId: string;
  readonly version: number;
  readonly position: number;
  /** Who failed: a subscriber of the main thread, or a handler module on a lane. */
  readonly source: 'subscriber' | 'lane';
  /** Names of the subscribers, or of the handler modules. */
  readonly handler: string;
  readonly attempts: number;
  /** Unix epoch milliseconds. */
  readonly firstFailedAt: number;
  readonly failedAt: number;
  /** What was thrown last. */
  readonly error: Error;
}

/** What is stored of a delivery that failed for good. Of several failed subscribers the first one's error is kept. */
export function failedRecord({ event, failures, firstFailedAt, previous, unheard }: Delivery): FailedRecord {
  const { position, id, type, aggregateId, version } = event;
  const first = failures[0] as Failure;
  return {
    position,
    id,
    type,
    aggregateId,
    version,
    handlers: [...failures.map(({ subscriber }) => subscriber.name), ...unheard],
    attempts: Math.max(...failures.map(({ attempts }) => attempts)) + (previous?.attempts ?? 0),
    firstFailedAt: previous?.firstFailedAt ?? firstFailedAt,
    failedAt: Date.now(),
    error: encodeError(first.thrown),
  };
}

/** The public form of a failed event of a subscriber. */
export function ofSubscriber({ handlers, error, ...event }: FailedRecord): FailedEvent {
  return { ...event, source: 'subscriber', handler: handlers.join(', '), error: decodeError(error) };
}

/** The public form of a failed event of a lane: a dead letter. */
export function ofLane(letter: DeadLetter): FailedEvent {
  const { id, type, aggregateId, version, position, handler, attempts, firstFailedAt, failedAt, error } =
    letter;
  return {
    id,
    type,
    aggregateId,
    version,
    position,
    source: 'lane',
    handler,
    attempts,
    firstFailedAt,
    failedAt,
    error,
  };
}

/** What those see who wait for a failed event. */
export function handlerError({ handler, type, position, attempts, error }: FailedEvent): HandlerError {
  return new HandlerError(
    `The subscriber ${handler} of '${type}' failed at position ${position}, after ${attempts} ${attempts === 1 ? 'try' : 'tries'}: ${messageOf(error)}`,
    { cause: error, details: { type, position, handler, attempts } },
  );
}
