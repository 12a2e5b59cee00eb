import { randomBytes } from 'node:crypto';
import { Clock } from '../events/clock.js';
import type { AnyEventType, DataOf, EventType, NewEvent } from '../events/define-event.js';
import type { EventMetadata } from '../events/domain-event.js';
import { UnknownEventTypeError } from '../events/errors.js';
import { checkPayload } from '../events/payload-check.js';
import { EventRegistry, type RegisteredType } from '../events/registry.js';
import { givenTime } from '../events/time.js';
import { Subscriptions } from './subscriptions.js';

/** An event as a standalone publisher delivers it: in a sequence of its own, but in no log. */
export class PublishedEvent<Data = unknown, Name extends string = string> {
  readonly type: Name;
  /** 1-based gapless number of the event in its publisher. */
  readonly position: number;
  /** Unix epoch milliseconds. */
  readonly occurredAt: number;
  readonly data: Data;
  readonly #run: string;
  readonly #type: RegisteredType;
  readonly #event: NewEvent;

  /** @internal */
  constructor(
    run: string,
    type: RegisteredType,
    position: number,
    occurredAt: number,
    event: NewEvent,
    data: Data,
  ) {
    this.#run = run;
    this.#type = type;
    this.#event = event;
    this.type = type.type as Name;
    this.position = position;
    this.occurredAt = occurredAt;
    this.data = data;
  }

  /** `{run}/{position}`. */
  get id(): string {
    return `${this.#run}/${this.position}`;
  }

  get aggregateId(): string {
    return this.#type.aggregateId(this.data);
  }

  get metadata(): EventMetadata {
    const { correlationId = this.id, causationId, metadata } = this.#event.options ?? {};
    return { ...metadata, correlationId, ...(causationId !== undefined && { causationId }) };
  }
}

export interface PublisherOptions {
  /** The event types that may be published. */
  readonly events: readonly AnyEventType[];
  /** Check payloads against their schemas. Default `publish`. */
  readonly validate?: 'publish' | 'off';
  /** Called with what a subscriber throws or rejects with. Default: it is counted in `errors` only. */
  readonly onError?: (error: unknown, event: PublishedEvent) => void;
}

export interface SubscriberOptions<Data = unknown> {
  /** Higher runs first; equal ones run in order of subscription. Default 0. */
  readonly priority?: number;
  /** Only events for which it returns true. */
  readonly filter?: (event: PublishedEvent<Data>) => boolean;
}

/** Subscribers on one thread: no store, no lanes, no waiting. */
export class Publisher {
  readonly #registry: EventRegistry;
  readonly #validate: boolean;
  readonly #subscriptions: Subscriptions<PublishedEvent>;
  readonly #clock = new Clock();
  readonly #run = randomBytes(6).toString('hex');
  #position = 0;
  #errors = 0;

  /** @throws InvalidDefinitionError when two types share a name. */
  constructor({ events, validate = 'publish', onError }: PublisherOptions) {
    this.#registry = new EventRegistry(events);
    this.#validate = validate === 'publish';
    this.#subscriptions = new Subscriptions((error, event) => {
      this.#errors++;
      onError?.(error, event);
    });
  }

  /** Times that a subscriber threw or rejected. */
  get errors(): number {
    return this.#errors;
  }

  /**
   * Calls the subscribers of the event, in order, before it returns. What one throws touches no other.
   *
   * @throws UnknownEventTypeError, SchemaMismatchError, UnsupportedPayloadError, InvalidOptionError
   */
  publish(event: NewEvent): PublishedEvent {
    if (typeof event?.type !== 'string') {
      throw new UnknownEventTypeError(
        'publish needs an event made by its event type: publish(OrderPlaced({ … })).',
      );
    }
    const type = this.#registry.get(event.type);
    const data = this.#validate ? this.#check(type, event.data) : event.data;
    const given = event.options?.occurredAt;
    const occurredAt = given === undefined ? this.#clock.now() : givenTime(type.type, given);
    const published = new PublishedEvent(this.#run, type, ++this.#position, occurredAt, event, data);
    this.#subscriptions.deliver(published);
    return published;
  }

  /** Calls `handler` for each event of a type. Returns what ends it. */
  subscribe<Type extends EventType>(
    eventType: Type,
    handler: (event: PublishedEvent<DataOf<Type>, Type['type']>) => unknown,
    options: SubscriberOptions<DataOf<Type>> = {},
  ): Disposable & { unsubscribe(): void } {
    const { type } = this.#registry.get(eventType.type);
    return this.#add(type, handler as (event: never) => unknown, options as SubscriberOptions);
  }

  /** Calls `handler` for each event. */
  subscribeAll(
    handler: (event: PublishedEvent) => unknown,
    options: SubscriberOptions = {},
  ): Disposable & { unsubscribe(): void } {
    return this.#add(undefined, handler, options);
  }

  #add(type: string | undefined, handle: (event: never) => unknown, options: SubscriberOptions) {
    const { priority = 0, filter } = options;
    const unsubscribe = this.#subscriptions.add({ type, handle, filter, priority });
    return { unsubscribe, [Symbol.dispose]: unsubscribe };
  }

  #check(type: RegisteredType, data: unknown): unknown {
    const parsed = type.parse(data);
    checkPayload(type.type, parsed);
    return parsed;
  }
}

/** Makes a publisher for one thread. For order on several threads and a log, open an engine. */
export function createPublisher(options: PublisherOptions): Publisher {
  return new Publisher(options);
}
