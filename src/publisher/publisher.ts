import { randomBytes } from 'node:crypto';
import { type AnyEventType, checkEventOptions, type NewEvent } from '../events/define-event.js';
import { knownOptions, optionNames, takeOptions } from '../events/known-options.js';
import { checkPayload } from '../events/payload-check.js';
import { EventRegistry, type RegisteredType } from '../events/registry.js';
import { snapshotOf } from '../events/snapshot.js';
import { givenTime } from '../events/time.js';
import { Clock } from '../kernel/clock.js';
import { InvalidOptionError, UnknownEventTypeError } from '../kernel/errors.js';
import type { SubscriberFailure } from './failure.js';
import { Outcome } from './pending.js';
import { PublishedEvent } from './published-event.js';
import type { Route } from './routes.js';
import { Subscribable, type SubscribedEvent } from './subscribable.js';
import type { SubscriptionOptions } from './subscription-options.js';
import { Subscriptions } from './subscriptions.js';

/** Options of `createPublisher`. */
export interface PublisherOptions<Types extends AnyEventType = AnyEventType> {
  /** The event types that may be published. */
  readonly events: readonly Types[];
  /** Check payloads against their schemas. Default `publish`. */
  readonly validate?: 'publish' | 'off';
  /**
   * Called when a subscriber has failed on an event and its retries are used up, with what it threw or rejected
   * with. Default: it is in `subscriberFailures` only. What this throws itself is counted in `errors`.
   */
  readonly onError?: (
    error: unknown,
    event: PublishedEvent,
    failure: SubscriberFailure<PublishedEvent>,
  ) => void;
}

const PUBLISHER = optionNames<PublisherOptions>('createPublisher', {
  events: true,
  validate: true,
  onError: 'function',
});

const PUBLISH_ASYNC = optionNames<{ readonly signal?: AbortSignal }>('publishAsync', { signal: true });

/** Options of a publisher's subscribers. */
export type SubscriberOptions<Data = unknown> = SubscriptionOptions<PublishedEvent<Data>>;

/** The events of the given types with the given name. */
type PublishedAs<Types extends AnyEventType, Name extends string> = SubscribedEvent<'published', Types> & {
  readonly type: Name;
};

/** What is the same for all events of a type. */
interface Way {
  readonly type: RegisteredType;
  readonly route: Route;
}

/**
 * Subscribers on one thread: no store, no lanes, no waiting.
 *
 * An event that a subscriber publishes is delivered after the one that the subscriber has heard, when everybody
 * else has heard that, too. So chains of events are no deep stacks; one of more than 100 events is refused as a
 * cycle. What an async subscriber publishes after an `await` begins a chain of its own.
 */
export class Publisher<Types extends AnyEventType = AnyEventType>
  extends Subscribable<'published', Types>
  implements Disposable
{
  readonly #registry: EventRegistry;
  readonly #validate: boolean;
  readonly #subscriptions: Subscriptions<PublishedEvent>;
  readonly #clock = new Clock();
  readonly #run = randomBytes(6).toString('hex');
  /** By name and by alias, made when one is first published. */
  readonly #ways = new Map<string, Way>();
  #position = 0;
  #errors = 0;

  /** @throws InvalidOptionError; InvalidDefinitionError when two types share a name. */
  constructor(options: PublisherOptions<Types>) {
    const { events, validate = 'publish', onError } = takeOptions(options, PUBLISHER);
    if (!Array.isArray(events)) {
      throw new InvalidOptionError("createPublisher: 'events' must be a list of what defineEvent returned.");
    }
    const subscriptions = new Subscriptions<PublishedEvent>({
      errored: () => {
        this.#errors++;
      },
      failed: (failure) => onError?.(failure.error.cause, failure.event, failure),
    });
    super(subscriptions);
    this.#subscriptions = subscriptions;
    this.#registry = new EventRegistry(events);
    this.#validate = validate === 'publish';
  }

  /** Times that a subscriber threw or rejected, retries included. */
  get errors(): number {
    return this.#errors;
  }

  /**
   * Calls the subscribers of the event, in order, before it returns; within a subscriber, before the outermost
   * `publish` returns. What one throws touches no other.
   *
   * @throws UnknownEventTypeError, SchemaMismatchError, UnsupportedPayloadError, InvalidOptionError; within a
   * subscriber PublishCycleError, which names the chain of event types.
   *
   * Subscribers get the payload itself, not a copy; an event that may be heard after the call, behind another one or
   * in a retry, gets a copy of its own, so that what was passed is what is heard.
   */
  publish<Name extends Types['type']>(event: NewEvent<Name>): PublishedAs<Types, Name> {
    const way = this.#wayOf(event);
    const published = this.#make(way, event, this.#subscriptions.mayWait(way.route));
    this.#subscriptions.deliverOn(way.route, published);
    return published as PublishedAs<Types, Name>;
  }

  /**
   * Publishes as `publish` does, and resolves when all subscribers of the event have finished, promises and
   * retries included. Does not wait for events that they publish.
   *
   * @throws as `publish`; HandlerError when a subscriber failed on the event, an AggregateError of them when
   * several did, once all have finished; the signal's reason when it aborts before that: the event stays published.
   */
  async publishAsync<Name extends Types['type']>(
    event: NewEvent<Name>,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<PublishedAs<Types, Name>> {
    const { signal } = knownOptions(options, PUBLISH_ASYNC);
    signal?.throwIfAborted();
    const way = this.#wayOf(event);
    const published = this.#make(way, event, true);
    const outcome = new Outcome();
    this.#subscriptions.deliverOn(way.route, published, outcome);
    await outcome.settled(signal);
    outcome.check();
    return published as PublishedAs<Types, Name>;
  }

  /** Ends every subscription. Retries that wait are given up, and their failures reported. */
  clear(): void {
    this.#subscriptions.endAll();
  }

  [Symbol.dispose](): void {
    this.clear();
  }

  /** @internal */
  protected override subscribableTypes(): EventRegistry {
    return this.#registry;
  }

  #wayOf(event: NewEvent): Way {
    return this.#ways.get(event?.type) ?? this.#makeWay(event);
  }

  #makeWay(event: NewEvent): Way {
    if (typeof event?.type !== 'string') {
      throw new UnknownEventTypeError(
        'publish needs an event made by its event type: publish(OrderPlaced({ … })).',
      );
    }
    const type = this.#registry.get(event.type);
    const way: Way = { type, route: this.#subscriptions.routeOf(type.type) };
    this.#ways.set(event.type, way);
    return way;
  }

  /** @param mayWait whether it may be heard after the call: it gets data of its own then, as it is now. */
  #make({ type, route }: Way, given: NewEvent, mayWait: boolean): PublishedEvent {
    checkEventOptions(given);
    const event = mayWait ? snapshotOf(given) : given;
    const data = this.#validate ? this.#check(type, event.data) : event.data;
    const time = event.options?.occurredAt;
    const now = this.#clock.now();
    const occurredAt = time === undefined ? now : givenTime(type.type, time);
    this.#subscriptions.checkCycle(type.type);
    route.publishedAt = this.#clock.steady;
    return new PublishedEvent(this.#run, type, ++this.#position, occurredAt, event, data);
  }

  #check(type: RegisteredType, data: unknown): unknown {
    const parsed = type.parse(data);
    checkPayload(type.type, parsed);
    return parsed;
  }
}

/** Makes a publisher for one thread. For order on several threads and a log, open an engine. */
export function createPublisher<Types extends AnyEventType>(
  options: PublisherOptions<Types>,
): Publisher<Types> {
  return new Publisher(options);
}
