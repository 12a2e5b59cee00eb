import { InvalidOptionError } from '../faces/errors.js';
import type { AnyEventType, DataOf, DomainEvent, EventType, NewEvent } from '../index.js';
import { differences } from './differences.js';
import type { SeenEvent } from './event-source.js';
import { valueText } from './text.js';

/** A part of a payload, at any depth. Arrays are given whole. */
export type PartOf<Data> = Data extends readonly unknown[] | Date | Uint8Array
  ? Data
  : Data extends object
    ? { readonly [Field in keyof Data]?: PartOf<Data[Field]> }
    : Data;

/** An event of a type whose payload is only partly known; made by `like`. */
export class EventPattern {
  readonly eventType: AnyEventType;
  readonly part: unknown;

  /** @internal */
  constructor(eventType: AnyEventType, part: unknown) {
    this.eventType = eventType;
    this.part = part;
  }
}

/**
 * What an event is expected to be: of a type (`OrderPlaced`), equal to an event (`OrderPlaced({ … })`, with the
 * defaults of its schema filled in), in part equal to one (`like(OrderPlaced, { … })`), or any for which a
 * function returns true.
 */
export type ExpectedEvent<Event = DomainEvent> =
  | AnyEventType
  | NewEvent
  | EventPattern
  | ((event: Event) => boolean);

/**
 * An event of a type with these fields, whatever else is in its payload; or with a payload for which a function
 * returns true.
 */
export function like<Type extends EventType>(
  type: Type,
  part: PartOf<DataOf<Type>> | ((data: DataOf<Type>) => boolean),
): EventPattern {
  if (!isEventType(type)) throw refuse(type);
  return new EventPattern(type as unknown as AnyEventType, part);
}

/** An expectation as test tools use it. */
export interface Expectation {
  /** In words. */
  readonly text: string;
  /** The one event type that can meet it; undefined when any may. */
  readonly eventType: AnyEventType | undefined;
  /** What keeps an event from being the expected one; empty when nothing does. */
  differences(event: SeenEvent): readonly string[];
}

/** @throws InvalidOptionError when nothing sensible is expected: such an assertion would always pass, or never. */
export function expectation(expected: ExpectedEvent<never>): Expectation {
  if (expected instanceof EventPattern) return ofPattern(expected);
  if (isEventType(expected)) {
    return { text: expected.type, eventType: expected, differences: (event) => ofType(expected, event) };
  }
  if (typeof expected === 'function') return ofPredicate(expected as (event: SeenEvent) => boolean);
  if (isNewEvent(expected)) return ofEvent(expected);
  throw refuse(expected);
}

/** Whether an event is the expected one. */
export function meets({ differences: differ }: Expectation, event: SeenEvent): boolean {
  return differ(event).length === 0;
}

function ofPattern({ eventType, part }: EventPattern): Expectation {
  const test = typeof part === 'function' ? (part as (data: unknown) => boolean) : undefined;
  return {
    text: `${eventType.type} like ${test ? nameOf(test) : valueText(part)}`,
    eventType,
    differences: (event) => {
      if (!isOf(eventType, event)) return ofType(eventType, event);
      if (!test) return differences(part, event.data, 'partial');
      return test(event.data) ? [] : [`data: ${nameOf(test)} is false for it`];
    },
  };
}

function ofPredicate(predicate: (event: SeenEvent) => boolean): Expectation {
  const text = `an event for which ${nameOf(predicate)} is true`;
  return {
    text,
    eventType: undefined,
    differences: (event) => (predicate(event) ? [] : [`${nameOf(predicate)} is false for it`]),
  };
}

function ofEvent(expected: NewEvent): Expectation {
  const { definition } = expected;
  const type = definition ?? { type: expected.type, aliases: [] };
  const parsed = definition?.schema.safeParse(expected.data);
  const data = parsed?.success ? parsed.data : expected.data;
  const options = optionsOf(expected);
  return {
    text: `${expected.type} ${valueText(data)}`,
    eventType: definition,
    differences: (event) =>
      isOf(type, event)
        ? [...differences(data, event.data, 'whole'), ...differences(options, event, 'partial', 'event')]
        : ofType(type, event),
  };
}

/** What the expected event says of itself besides its payload, in the form in which events have it. */
function optionsOf({ options = {} }: NewEvent): Partial<Pick<SeenEvent, 'occurredAt' | 'metadata'>> {
  const { occurredAt, correlationId, causationId, metadata } = options;
  return {
    ...(occurredAt !== undefined && { occurredAt: +occurredAt }),
    metadata: {
      ...metadata,
      ...(correlationId !== undefined && { correlationId }),
      ...(causationId !== undefined && { causationId }),
    },
  };
}

interface Named {
  readonly type: string;
  readonly aliases: readonly string[];
}

function isOf({ type, aliases }: Named, event: SeenEvent): boolean {
  return event.type === type || aliases.includes(event.type);
}

function ofType(type: Named, event: SeenEvent): readonly string[] {
  return isOf(type, event) ? [] : [`type: expected ${type.type}, got ${event.type}`];
}

/** Event types are functions that bear their description. */
function isEventType(value: unknown): value is AnyEventType {
  return typeof value === 'function' && 'schema' in value && 'aggregateId' in value && 'type' in value;
}

function isNewEvent(value: unknown): value is NewEvent {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { type?: unknown }).type === 'string' &&
    'data' in value
  );
}

function nameOf(test: { readonly name: string }): string {
  return test.name === '' ? 'the given function' : `'${test.name}'`;
}

function refuse(value: unknown): InvalidOptionError {
  return new InvalidOptionError(
    `An expected event is an event type, an event made by one, like(type, { … }) or a function; this is ${valueText(value)}.`,
  );
}
