import { checkOutside, staying } from '../kernel/async-context.js';
import { Clock } from '../kernel/clock.js';
import { InvalidOptionError, TooManySubscriptionsError } from '../kernel/errors.js';
import { shown } from '../kernel/thrown.js';
import { NODE_TIME, type Time } from '../kernel/time.js';
import { MAX_SUBSCRIPTIONS } from '../limits.js';
import { AbortSignals } from './abort-signals.js';
import { Delivery } from './delivery.js';
import type { Deliverable, SubscriberFailure } from './failure.js';
import { Owners } from './owners.js';
import type { Outcome } from './pending.js';
import { type Route, Routes } from './routes.js';
import { type Handle, Subscriber } from './subscriber.js';
import { Subscription } from './subscription.js';
import {
  type CheckedSubscription,
  checkSubscription,
  type SubscriptionOptions,
  type SubscriptionOwner,
} from './subscription-options.js';
import type { Topic } from './topic.js';

/** Who is told of what goes wrong at subscribers. */
export interface SubscriptionHooks<Event extends Deliverable> {
  /** A try has failed. Must not throw. */
  errored(): void;
  /** A subscriber has failed on an event for good. What this throws is counted as one more error. */
  failed(failure: SubscriberFailure<Event>): void;
}

/**
 * The subscribers of a publisher or an engine.
 *
 * A delivery goes to those who were subscribed when it began, unless they have left meanwhile; events that
 * subscribers publish are delivered after it, to those who are subscribed then.
 */
export class Subscriptions<Event extends Deliverable> {
  readonly #routes = new Routes();
  readonly #owners = new Owners<Subscriber>();
  /** All that have not ended, oldest first. */
  readonly #entries = new Map<Subscriber, Subscription>();
  readonly #delivery: Delivery<Event>;
  /** Weak subscriptions, to be ended when their owners are gone. */
  readonly #orphans = new FinalizationRegistry<Subscriber>((subscriber) => this.#end(subscriber));
  readonly #ending = (subscriber: Subscriber): void => this.#end(subscriber);
  readonly #signals = new AbortSignals<Subscriber>(this.#ending);
  readonly #clock = new Clock();
  #lastId = 0;

  constructor(hooks: SubscriptionHooks<Event>, time: Time = NODE_TIME) {
    this.#delivery = new Delivery(this.#routes, time, {
      errored: () => hooks.errored(),
      failed: (failure) => hooks.failed(failure),
      spent: (subscriber) => this.#deactivate(subscriber),
      ended: this.#ending,
    });
  }

  /** Whether nobody listens to anything. */
  get isEmpty(): boolean {
    return this.#routes.size === 0;
  }

  hasSubscribers(type: string): boolean {
    return this.#routes.listOf(this.#routes.of(type)).subscribers.length > 0;
  }

  /** The last failures, oldest first. */
  get failures(): readonly SubscriberFailure<Event>[] {
    return this.#delivery.failures.last();
  }

  /** @throws InvalidOptionError, TooManySubscriptionsError */
  add(topic: Topic, handler: unknown, options: SubscriptionOptions<never>): Subscription {
    const checked = checkSubscription(handler, options);
    if (this.#entries.size >= MAX_SUBSCRIPTIONS) {
      throw new TooManySubscriptionsError(
        `There are ${MAX_SUBSCRIPTIONS} subscriptions already, so somebody forgets to end theirs. Dispose them, give them an owner or a signal, or call removeUnused.`,
      );
    }
    const id = ++this.#lastId;
    const subscriber = new Subscriber(id, topic, this.#staying(id, topic, handler), checked, this.#routes);
    const subscription = new Subscription(subscriber, this.#ending);
    if (checked.signal?.aborted) this.#retire(subscriber);
    else this.#enter(subscriber, subscription, checked);
    return subscription;
  }

  /** Active subscriptions, oldest first. */
  list(): readonly Subscription[] {
    return [...this.#entries.values()].filter(({ isActive }) => isActive);
  }

  /** Ends all subscriptions of an owner. Returns how many there were. */
  endOwner(owner: SubscriptionOwner): number {
    const own = this.#owners.of(owner);
    for (const subscriber of own) this.#end(subscriber);
    return own.length;
  }

  /** Ends and returns the subscriptions that were not called for so many milliseconds. @throws InvalidOptionError */
  endUnused(olderThan: number): readonly Subscription[] {
    if (!(olderThan >= 0)) {
      throw new InvalidOptionError(
        `Option olderThan is ${shown(olderThan)}; it must be milliseconds, at least 0.`,
      );
    }
    const unused: Subscription[] = [];
    for (const [subscriber, subscription] of this.#entries) {
      if (subscription.isActive && subscriber.idleMs >= olderThan) unused.push(subscription);
    }
    for (const subscription of unused) subscription.unsubscribe();
    return unused;
  }

  /** Ends all. */
  endAll(): void {
    for (const subscriber of [...this.#entries.keys()]) this.#end(subscriber);
  }

  /** Calls the subscribers of an event: now, or after the delivery that is under way. Never throws. */
  deliver(event: Event): void {
    const route = this.#routes.of(event.type);
    this.#clock.now();
    route.publishedAt = this.#clock.steady;
    this.deliverOn(route, event);
  }

  /** As `deliver`, for who keeps the routes of its types and has set their `publishedAt`. */
  deliverOn(route: Route, event: Event, outcome?: Outcome): void {
    this.#delivery.cascade.deliver(event, route, outcome);
  }

  /** The way of a type's events; it may be kept. */
  routeOf(type: string): Route {
    return this.#routes.of(type);
  }

  /** @throws PublishCycleError when an event that is published now would not be delivered. */
  checkCycle(type: string): void {
    this.#delivery.cascade.check(type);
  }

  /** Whether an event of the route that is published now may be heard later: behind another one, or in a retry. */
  mayWait(route: Route): boolean {
    return (route.list ?? this.#routes.listOf(route)).retries || this.#delivery.cascade.isDelivering;
  }

  /** Resolves when no subscriber is at work and none waits to be tried again. @throws WaitsForItselfError */
  async settled(signal: AbortSignal | undefined): Promise<void> {
    checkOutside(this, 'settled()');
    return this.#delivery.pending.settled(signal);
  }

  /** Of an async subscriber it is known that it runs: waiting for all of them it would wait for itself. */
  #staying(id: number, topic: Topic, handler: unknown): Handle {
    const handle = handler as Handle;
    if (Object.prototype.toString.call(handle) !== '[object AsyncFunction]') return handle;
    return staying(this, `subscriber ${id} of '${topic.name}'`, handle) as Handle;
  }

  #enter(subscriber: Subscriber, subscription: Subscription, checked: CheckedSubscription): void {
    const { owner, weak, signal } = checked;
    this.#entries.set(subscriber, subscription);
    this.#routes.add(subscriber);
    if (owner !== undefined) this.#owners.add(owner, subscriber);
    if (weak) this.#orphans.register(owner as object, subscriber, subscriber);
    if (signal) this.#signals.add(signal, subscriber);
  }

  /** It hears nothing new, but may be at work, or be tried again. */
  #deactivate(subscriber: Subscriber): void {
    this.#routes.remove(subscriber);
    subscriber.deactivate();
  }

  #end(subscriber: Subscriber): void {
    if (!this.#entries.delete(subscriber)) return;
    const { owner, signal } = subscriber;
    if (owner !== undefined) this.#owners.remove(owner, subscriber);
    this.#orphans.unregister(subscriber);
    if (signal) this.#signals.remove(signal, subscriber);
    this.#deactivate(subscriber);
    this.#retire(subscriber);
    this.#delivery.giveUp(subscriber);
  }

  #retire(subscriber: Subscriber): void {
    subscriber.deactivate();
    subscriber.end();
  }
}
