import type { z } from 'zod';
import type { AnyEventType, EventType } from '../events/define-event.js';
import type { DomainEvent } from '../events/domain-event.js';
import { knownOptions, optionNames } from '../events/known-options.js';
import type { EventRegistry } from '../events/registry.js';
import { UnknownEventTypeError } from '../kernel/errors.js';
import type { SubscriberFailure } from './failure.js';
import type { NamesOf } from './pattern.js';
import type { PublishedEvent } from './published-event.js';
import type { Subscription } from './subscription.js';
import type {
  SubscriptionHandler,
  SubscriptionOptions,
  SubscriptionOwner,
  TransformOptions,
} from './subscription-options.js';
import type { Subscriptions } from './subscriptions.js';
import { ALL_TYPES, type Topic, topicOfPattern, topicOfType } from './topic.js';

/** What subscribers hear: events of an engine's log, or of a standalone publisher. */
export interface EventKinds<Data = unknown, Name extends string = string> {
  readonly log: DomainEvent<Data, Name>;
  readonly published: PublishedEvent<Data, Name>;
}

/** The events of the given types: a union that `switch (event.type)` takes apart. */
export type SubscribedEvent<Kind extends keyof EventKinds, Type extends AnyEventType> =
  Type extends EventType<infer Name, infer Schema>
    ? EventKinds<z.output<Schema>, Name>[Kind]
    : EventKinds[Kind];

/** The events of the given types whose names a pattern may match. */
export type MatchingEvent<
  Kind extends keyof EventKinds,
  Type extends AnyEventType,
  Pattern extends string,
> = Type extends AnyEventType
  ? string extends Type['type']
    ? EventKinds[Kind]
    : Type['type'] extends NamesOf<Pattern>
      ? SubscribedEvent<Kind, Type>
      : never
  : never;

const REMOVE_UNUSED = optionNames<{ readonly olderThan: number }>('removeUnused', { olderThan: true });

const SETTLED = optionNames<{ readonly signal?: AbortSignal }>('settled', { signal: true });

type Owned = SubscriptionOwner | undefined;

/**
 * What an engine and a publisher have in common: subscribers on the main thread.
 *
 * A delivery goes to those who were subscribed when it began, in the order of their priorities; who leaves during
 * it hears nothing more at once, who comes during it hears the next event. Subscribers that return promises are
 * not waited for. What one throws or rejects with touches no other: it is counted in its subscription, tried again
 * if the subscription says so, and then reported and kept in `subscriberFailures`.
 */
export abstract class Subscribable<Kind extends keyof EventKinds, Types extends AnyEventType = AnyEventType> {
  readonly #subscriptions: Subscriptions<EventKinds[Kind]>;

  /** @internal */
  protected constructor(subscriptions: Subscriptions<EventKinds[Kind]>) {
    this.#subscriptions = subscriptions;
  }

  /** @internal The event types that there are. Throws when nobody may subscribe any more. */
  protected abstract subscribableTypes(): EventRegistry;

  /**
   * Calls `handler` on the main thread for each event of a type, in position order.
   *
   * @throws UnknownEventTypeError, InvalidOptionError, TooManySubscriptionsError
   */
  subscribe<Type extends Types, Value, Owner extends Owned = undefined>(
    eventType: Type,
    handler: SubscriptionHandler<Value, Owner>,
    options: TransformOptions<SubscribedEvent<Kind, Type>, Value, Owner>,
  ): Subscription;
  subscribe<Type extends Types, Owner extends Owned = undefined>(
    eventType: Type,
    handler: SubscriptionHandler<SubscribedEvent<Kind, Type>, Owner>,
    options?: SubscriptionOptions<SubscribedEvent<Kind, Type>, Owner>,
  ): Subscription;
  subscribe(eventType: AnyEventType, handler: unknown, options?: SubscriptionOptions<never>): Subscription {
    const { type } = this.subscribableTypes().get(eventType?.type);
    return this.#add(topicOfType(type), handler, options);
  }

  /**
   * Calls `handler` on the main thread for each event, in position order.
   *
   * @throws InvalidOptionError, TooManySubscriptionsError
   */
  subscribeAll<Value, Owner extends Owned = undefined>(
    handler: SubscriptionHandler<Value, Owner>,
    options: TransformOptions<SubscribedEvent<Kind, Types>, Value, Owner>,
  ): Subscription;
  subscribeAll<Owner extends Owned = undefined>(
    handler: SubscriptionHandler<SubscribedEvent<Kind, Types>, Owner>,
    options?: SubscriptionOptions<SubscribedEvent<Kind, Types>, Owner>,
  ): Subscription;
  subscribeAll(handler: unknown, options?: SubscriptionOptions<never>): Subscription {
    this.subscribableTypes();
    return this.#add(ALL_TYPES, handler, options);
  }

  /**
   * Calls `handler` on the main thread for each event whose type matches a pattern, in position order. A type name
   * has segments between its dots. `*` stands for any characters within one segment, and a segment of its own `**`
   * for one or more whole segments: `trading.*`, `*.created`, `trading.order_*`, `backtest.**`. Names are matched
   * as defined, not by alias.
   *
   * @throws UnknownEventTypeError when the pattern matches none of the event types; InvalidOptionError,
   * TooManySubscriptionsError
   */
  subscribePattern<const Pattern extends string, Value, Owner extends Owned = undefined>(
    pattern: Pattern,
    handler: SubscriptionHandler<Value, Owner>,
    options: TransformOptions<MatchingEvent<Kind, Types, Pattern>, Value, Owner>,
  ): Subscription;
  subscribePattern<const Pattern extends string, Owner extends Owned = undefined>(
    pattern: Pattern,
    handler: SubscriptionHandler<MatchingEvent<Kind, Types, Pattern>, Owner>,
    options?: SubscriptionOptions<MatchingEvent<Kind, Types, Pattern>, Owner>,
  ): Subscription;
  subscribePattern(pattern: string, handler: unknown, options?: SubscriptionOptions<never>): Subscription {
    const { types } = this.subscribableTypes();
    const topic = topicOfPattern(pattern);
    if (!types.some(({ type }) => topic.includes(type))) {
      throw new UnknownEventTypeError(
        `Pattern '${pattern}' matches none of the ${types.length} event types in 'events'. Look for a typing error; '*' does not reach over a dot, '**' does.`,
        { details: { pattern } },
      );
    }
    return this.#add(topic, handler, options);
  }

  /** Ends all subscriptions with this `owner`, weak ones included. Returns how many there were. */
  unsubscribeOwner(owner: SubscriptionOwner): number {
    return this.#subscriptions.endOwner(owner);
  }

  /**
   * Ends the subscriptions that were not called for `olderThan` milliseconds, or were never called and are that
   * old, and returns them. Calls are counted after the filter. A wall clock that is set plays no part.
   *
   * @throws InvalidOptionError
   */
  removeUnused(options: { readonly olderThan: number }): readonly Subscription[] {
    return this.#subscriptions.endUnused(knownOptions(options, REMOVE_UNUSED).olderThan);
  }

  /** The active subscriptions, oldest first. */
  subscriptions(): readonly Subscription[] {
    return this.#subscriptions.list();
  }

  /** What subscribers failed on with their retries used up, oldest first: the last 256. */
  get subscriberFailures(): readonly SubscriberFailure<EventKinds[Kind]>[] {
    return this.#subscriptions.failures;
  }

  /**
   * Resolves when no subscriber's promise is pending and no retry waits. A subscriber that waits for it waits for
   * itself.
   *
   * @throws the signal's reason when it aborts before.
   */
  async settled(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return this.#subscriptions.settled(knownOptions(options, SETTLED).signal);
  }

  #add(topic: Topic, handler: unknown, options: SubscriptionOptions<never> = {}): Subscription {
    return this.#subscriptions.add(topic, handler, options);
  }
}
