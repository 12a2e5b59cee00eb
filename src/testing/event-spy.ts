import { knownOptions, optionNames } from '../events/known-options.js';
import { InvalidOptionError } from '../faces/errors.js';
import type { AnyEventType, DataOf, DomainEvent, EventType } from '../index.js';
import { SPY_EVENTS } from '../limits.js';
import { checkKnown, type EventSource, type SeenEvent } from './event-source.js';
import { type Expectation, type ExpectedEvent, expectation } from './expected-event.js';
import { SeenEvents } from './seen-events.js';

/** Options of an `EventSpy`. */
export interface EventSpyOptions {
  /** Events that the spy keeps, the newest ones. Default 10,000. */
  readonly limit?: number;
}

const SPY = optionNames<EventSpyOptions>('EventSpy', { limit: true });

/** An event of a type, with that type's payload. */
export type SpiedEvent<Event, Type extends EventType> = Event & {
  readonly type: Type['type'];
  readonly data: DataOf<Type>;
};

/**
 * Sees every event that an engine stores or a publisher delivers, from its making until it is disposed of.
 * Assertions throw a TestAssertionError whose message shows what was published instead; UnknownEventTypeError
 * for a type that can never come; NotRetainedError when events were dropped that they would have to look at.
 */
export class EventSpy<Event extends SeenEvent = DomainEvent> implements Disposable {
  readonly #source: EventSource<Event>;
  readonly #subscription: Disposable;
  readonly #seen: SeenEvents<Event>;

  /** @throws InvalidOptionError; EngineClosedError, EngineFailedError. */
  constructor(source: EventSource<Event>, options: EventSpyOptions = {}) {
    const { limit = SPY_EVENTS } = knownOptions(options, SPY);
    if (!Number.isInteger(limit) || limit < 1) {
      throw new InvalidOptionError(`EventSpy: limit is ${limit}; it must be a whole number from 1.`);
    }
    this.#source = source;
    this.#seen = new SeenEvents(limit);
    // Before all others: a subscriber of a publisher may publish, and its event must not come before its cause.
    this.#subscription = source.subscribeAll((event) => this.#seen.add(event), {
      priority: Number.MAX_SAFE_INTEGER,
    });
  }

  /** The events that are kept, oldest first; a copy. */
  get events(): readonly Event[] {
    return [...this.#seen.events];
  }

  /** Events that were seen and are no longer kept. */
  get dropped(): number {
    return this.#seen.dropped;
  }

  /** The kept events of a type, oldest first. */
  of<Type extends EventType>(type: Type): readonly SpiedEvent<Event, Type>[] {
    const wanted = this.#expect(type as unknown as AnyEventType);
    return this.#seen.matching(wanted) as readonly SpiedEvent<Event, Type>[];
  }

  /** How many of the kept events are as expected; how many there are, without an expectation. */
  count(expected?: ExpectedEvent<Event>): number {
    if (expected === undefined) return this.#seen.events.length;
    return this.#seen.matching(this.#expect(expected)).length;
  }

  /** Forgets what was seen so far. */
  clear(): void {
    this.#seen.clear();
  }

  /** Passes when such an event was published: at least once, or exactly `times` times. */
  assertPublished(expected: ExpectedEvent<Event>, times?: number): void {
    this.#seen.assertPublished(this.#expect(expected), times);
  }

  /** Passes when no such event was published. */
  assertNotPublished(expected: ExpectedEvent<Event>): void {
    this.#seen.assertNotPublished(this.#expect(expected));
  }

  /** Passes when no event at all was published. */
  assertNothingPublished(): void {
    this.#seen.assertNothingPublished();
  }

  /** Passes when such events were published in this order, whatever else was before, between and after them. */
  assertSequence(expected: readonly ExpectedEvent<Event>[]): void {
    this.#seen.assertSequence(expected.map((one) => this.#expect(one)));
  }

  /** Passes when exactly such events were published, in this order and no others. */
  assertExactly(expected: readonly ExpectedEvent<Event>[]): void {
    this.#seen.assertExactly(expected.map((one) => this.#expect(one)));
  }

  /** Sees nothing more. What it has seen stays. */
  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  #expect(expected: ExpectedEvent<Event>): Expectation {
    const wanted = expectation(expected);
    checkKnown(this.#source, wanted);
    return wanted;
  }
}
