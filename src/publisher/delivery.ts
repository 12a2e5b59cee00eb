import { steadyNow } from '../kernel/clock.js';
import { PublishCycleError } from '../kernel/errors.js';
import { guarded } from '../kernel/guarded.js';
import { isThenable } from '../kernel/thenable.js';
import { field } from '../kernel/thrown.js';
import type { Time } from '../kernel/time.js';
import { Cascade, type Link } from './cascade.js';
import { type Deliverable, FailureList, makeFailure, type SubscriberFailure } from './failure.js';
import { type Outcome, Pending } from './pending.js';
import { Retries } from './retries.js';
import type { CallList, Route, Routes } from './routes.js';
import type { Subscriber } from './subscriber.js';

/** What a delivery tells of. */
export interface DeliveryEvents<Event extends Deliverable> {
  /** A try has failed. */
  errored(): void;
  /** A subscriber has failed on an event for good. What this throws is counted as one more error. */
  failed(failure: SubscriberFailure<Event>): void;
  /** A subscriber of one event has taken it. */
  spent(subscriber: Subscriber): void;
  /** A subscriber is needed no more. */
  ended(subscriber: Subscriber): void;
}

/**
 * The way of an event to each of its subscribers. What one throws or rejects with touches no other: it is counted,
 * tried again as often as the subscription says, and then reported.
 */
export class Delivery<Event extends Deliverable> {
  readonly cascade = new Cascade<Event>((event, route, outcome) => this.#deliver(event, route, outcome));
  readonly pending = new Pending();
  readonly failures = new FailureList<Event>();
  readonly #routes: Routes;
  readonly #retries: Retries;
  readonly #events: DeliveryEvents<Event>;

  constructor(routes: Routes, time: Time, events: DeliveryEvents<Event>) {
    this.#routes = routes;
    this.#retries = new Retries(time);
    this.#events = events;
  }

  /** Gives up what waits to be tried again for a subscriber. */
  giveUp(subscriber: Subscriber): void {
    this.#retries.giveUp(subscriber);
  }

  #deliver(event: Event, route: Route, outcome: Outcome | undefined): void {
    const list = route.list ?? this.#routes.listOf(route);
    if (list.subscribers.length > 0) {
      if (route.begin()) this.#callMeasured(list, event, route, outcome);
      else this.#call(list, event, route, outcome);
    }
    outcome?.end();
  }

  /** This loop is most of what a publisher costs. What has to be looked at is looked at elsewhere. */
  #call(list: CallList, event: Event, route: Route, outcome: Outcome | undefined): void {
    const { handles, subscribers } = list;
    for (let index = 0; index < handles.length; index++) {
      // Once somebody has left, each of the others may be the one.
      const handle = route.list === list ? handles[index] : undefined;
      if (handle === undefined) {
        this.#take(subscribers[index] as Subscriber, event, route.publishedAt, false, outcome);
        continue;
      }
      try {
        const result = handle(event as never);
        if (isThenable(result)) {
          this.#follow(result, 0, subscribers[index] as Subscriber, event, 1, outcome);
        }
      } catch (error) {
        this.#failed(subscribers[index] as Subscriber, event, error, 1, outcome, undefined);
      }
    }
  }

  #callMeasured({ subscribers }: CallList, event: Event, route: Route, outcome: Outcome | undefined): void {
    for (const subscriber of subscribers) this.#take(subscriber, event, route.publishedAt, true, outcome);
  }

  /** Calls a subscriber that has to be looked at, or is to be measured. */
  #take(
    subscriber: Subscriber,
    event: Event,
    now: number,
    isMeasured: boolean,
    outcome: Outcome | undefined,
  ): void {
    if (!subscriber.isActive) {
      subscriber.missed();
      return;
    }
    if (!subscriber.isPlain) {
      if (!this.#admits(subscriber, event, outcome)) return;
      subscriber.called(now);
    }
    this.#try(subscriber, event, 1, isMeasured, outcome);
  }

  /** Whether a subscriber that may not want every event wants this one. */
  #admits(subscriber: Subscriber, event: Event, outcome: Outcome | undefined): boolean {
    if (subscriber.isOrphan) {
      this.#events.ended(subscriber);
      return false;
    }
    try {
      if (!subscriber.admits(event)) return false;
    } catch (error) {
      // Not tried again: what a filter says of an event does not change.
      this.#errored(subscriber);
      this.#fail(subscriber, event, error, 1, outcome);
      return false;
    }
    if (subscriber.once) this.#events.spent(subscriber);
    return true;
  }

  #try(
    subscriber: Subscriber,
    event: Event,
    attempt: number,
    isMeasured: boolean,
    outcome: Outcome | undefined,
  ): void {
    try {
      const began = isMeasured || subscriber.isYoung ? this.#beginMeasured(subscriber) : 0;
      const result = subscriber.call(event);
      if (isThenable(result)) {
        this.#follow(result, began, subscriber, event, attempt, outcome);
        return;
      }
      if (began !== 0) subscriber.took(performance.now() - began);
    } catch (error) {
      this.#failed(subscriber, event, error, attempt, outcome, undefined);
      return;
    }
    if (subscriber.once) this.#events.ended(subscriber);
  }

  /** Returns the time at which a call begins. */
  #beginMeasured(subscriber: Subscriber): number {
    if (subscriber.grow()) this.#routes.renew(subscriber);
    return performance.now();
  }

  #follow(
    result: PromiseLike<unknown>,
    began: number,
    subscriber: Subscriber,
    event: Event,
    attempt: number,
    outcome: Outcome | undefined,
  ): void {
    const link = this.cascade.here();
    Promise.resolve(result).then(
      () => {
        if (began !== 0) subscriber.took(performance.now() - began);
        if (subscriber.once) this.#events.ended(subscriber);
        this.#ended(outcome);
      },
      (error: unknown) => {
        this.#failed(subscriber, event, error, attempt, outcome, link);
        this.#ended(outcome);
      },
    );
    // Only now, because what calls itself a promise may throw above.
    this.#began(outcome);
  }

  #failed(
    subscriber: Subscriber,
    event: Event,
    error: unknown,
    attempt: number,
    outcome: Outcome | undefined,
    link: Link | undefined,
  ): void {
    this.#errored(subscriber);
    if (subscriber.owner !== undefined) releaseFrames(error);
    const mayRetry = attempt <= subscriber.retry.retries && !subscriber.isEnded && !this.#retries.isFull;
    // A cycle is one however often it is tried.
    if (!mayRetry || error instanceof PublishCycleError) {
      this.#fail(subscriber, event, error, attempt, outcome);
      return;
    }
    const place = link ?? this.cascade.here();
    this.#began(outcome);
    const giveUp = () => {
      this.#fail(subscriber, event, error, attempt, outcome);
      this.#ended(outcome);
    };
    const again = () => {
      if (subscriber.isOrphan) {
        giveUp();
        return;
      }
      subscriber.called(steadyNow());
      this.cascade.resume(place, () => this.#try(subscriber, event, attempt + 1, true, outcome));
      this.#ended(outcome);
    };
    this.#retries.add(subscriber, subscriber.retry, attempt, again, giveUp);
  }

  #fail(
    subscriber: Subscriber,
    event: Event,
    cause: unknown,
    attempts: number,
    outcome: Outcome | undefined,
  ): void {
    const failure = makeFailure(subscriber, event, attempts, cause);
    this.failures.add(failure);
    outcome?.failed(failure.error);
    guarded(
      () => this.#events.failed(failure),
      () => this.#events.errored(),
    );
    if (subscriber.isOrphan || (subscriber.once && !subscriber.isActive)) this.#events.ended(subscriber);
  }

  #errored(subscriber: Subscriber): void {
    subscriber.errors++;
    this.#events.errored();
  }

  #began(outcome: Outcome | undefined): void {
    this.pending.begin();
    outcome?.begin();
  }

  #ended(outcome: Outcome | undefined): void {
    this.pending.end();
    outcome?.end();
  }
}

/**
 * Until its stack is read, an error holds the `this` of every function on it, so that it would keep the owner
 * alive whose handler threw. Reading the stack turns it into text.
 */
function releaseFrames(error: unknown): void {
  field(error, 'stack');
}
