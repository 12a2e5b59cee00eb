import { HandlerError } from '../kernel/errors.js';
import { messageOf } from '../kernel/thrown.js';
import { MAX_SUBSCRIBER_FAILURES } from '../limits.js';
import type { Subscriber } from './subscriber.js';

/** What a delivered event has, in a log or not. */
export interface Deliverable {
  readonly type: string;
  readonly position: number;
}

/** An event that a subscriber failed on, with its retries used up. */
export interface SubscriberFailure<Event extends Deliverable = Deliverable> {
  /** Id of the subscription. */
  readonly subscription: number;
  /** What it hears: an event type, a pattern, or `**` for all. */
  readonly topic: string;
  readonly event: Event;
  /** Tries that were made, at least 1. */
  readonly attempts: number;
  /** Its `cause` is what the subscriber threw or rejected with last. */
  readonly error: HandlerError;
  /** Unix epoch milliseconds. */
  readonly failedAt: number;
}

export function makeFailure<Event extends Deliverable>(
  { id, topic }: Subscriber,
  event: Event,
  attempts: number,
  cause: unknown,
): SubscriberFailure<Event> {
  const { type, position } = event;
  const error = new HandlerError(
    `Subscriber ${id} of '${topic.name}' failed on '${type}' at position ${position}, after ${attempts} ${attempts === 1 ? 'try' : 'tries'}: ${messageOf(cause)}`,
    { cause, details: { type, position, subscription: id, topic: topic.name, attempts } },
  );
  return { subscription: id, topic: topic.name, event, attempts, error, failedAt: Date.now() };
}

/** The last failures, oldest first. */
export class FailureList<Event extends Deliverable> {
  readonly #failures: SubscriberFailure<Event>[] = [];

  add(failure: SubscriberFailure<Event>): void {
    this.#failures.push(failure);
    if (this.#failures.length > MAX_SUBSCRIBER_FAILURES) this.#failures.shift();
  }

  last(): SubscriberFailure<Event>[] {
    return [...this.#failures];
  }
}
