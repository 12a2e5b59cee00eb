import type { z } from 'zod';
import { isStorable, isWhole } from '../kernel/check.js';
import { InvalidDefinitionError, InvalidOptionError } from '../kernel/errors.js';
import { shown } from '../kernel/thrown.js';
import { MAX_EVENT_ID, MAX_TYPE_VERSION } from '../limits.js';
import type { DomainEvent } from './domain-event.js';
import { knownOptions, optionNames, takeOptions } from './known-options.js';
import { upcastOf } from './upcast-steps.js';

/** What a caller may say of one event besides its payload. */
export interface EventOptions {
  /** When it happened: a Date or Unix epoch milliseconds. Default: the engine's clock, or the cause's time. */
  readonly occurredAt?: number | Date;
  /** Id shared by all events of one story. Default: the cause's, or the event's own id. */
  readonly correlationId?: string;
  /** Id of the event or command that led to this one. Default: the handled event, for emitted events. */
  readonly causationId?: string;
  /**
   * The caller's own name of the event, 1 to 256 bytes in UTF-8: `metadata.eventId`. `append` does nothing a second time for
   * events with the same ones.
   */
  readonly eventId?: string;
  /** Anything else worth keeping: plain data, as in a payload. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** An event before it has a place in the log: what an event type's factory returns. */
export interface NewEvent<Name extends string = string, Data = unknown> {
  readonly type: Name;
  readonly data: Data;
  readonly options?: EventOptions | undefined;
  /** The event type that made it. A lane needs it to validate what a handler emits. */
  readonly definition?: AnyEventType;
}

/** Turns the payload of an older version into the current one's. */
export type Upcast<Data = unknown> = (data: unknown, fromVersion: number) => Data;

/** By version, the function that turns its payload into the next version's. */
export type UpcastSteps = Readonly<Record<number, (data: never) => unknown>>;

/** How `defineEvent` is told about an event type. */
export interface EventTypeOptions<Schema extends z.ZodType> {
  /** Zod schema of the payload. Its output is what is stored. */
  readonly schema: Schema;
  /** The entity that the event belongs to. What it throws refuses the event; see EventFunctionError. */
  readonly aggregateId: (data: z.output<Schema>) => string;
  /** The ordering key. Default: the aggregate id. */
  readonly partitionKey?: (data: z.output<Schema>) => string;
  /** Schema version, a whole number from 1 to 65,535. Default 1. */
  readonly version?: number;
  /** Older names under which the event may stand in a log. */
  readonly aliases?: readonly string[];
  /** Top-level payload fields that depend on the wall clock; left out of fingerprints. */
  readonly volatile?: readonly (keyof z.output<Schema> & string)[];
  /**
   * Turns the payload of an older version into this version's, at once: one function that is called with the stored
   * version; or one per version, `{ 1: toVersion2, 2: toVersion3 }`, called one after the other from the stored one on.
   * What one throws or returns wrongly fails the event alone; see UpcastError.
   */
  readonly upcast?: Upcast<z.output<Schema>> | UpcastSteps;
}

/** A registered kind of event: a callable factory that bears its own description. */
export interface EventType<Name extends string = string, Schema extends z.ZodType = z.ZodType> {
  /** Makes an event of this type. Nothing is checked here: `publish` and `ctx.emit` validate. */
  (data: z.input<Schema>, options?: EventOptions): NewEvent<Name, z.input<Schema>>;
  readonly type: Name;
  readonly schema: Schema;
  readonly version: number;
  readonly aliases: readonly string[];
  readonly volatile: readonly string[];
  readonly aggregateId: (data: z.output<Schema>) => string;
  readonly partitionKey: ((data: z.output<Schema>) => string) | undefined;
  readonly upcast: Upcast<z.output<Schema>> | undefined;
}

/** The payload type of an event type, after validation. */
export type DataOf<Type> = Type extends EventType<string, infer Schema> ? z.output<Schema> : never;

/** The events of the log of one event type, or of a list of them: a union that `switch (event.type)` takes apart. */
export type EventOf<Events extends AnyEventType | readonly AnyEventType[]> =
  Events extends readonly (infer Type)[] ? OfType<Type> : OfType<Events>;

type OfType<Type> =
  Type extends EventType<infer Name, infer Schema> ? DomainEvent<z.output<Schema>, Name> : DomainEvent;

/** Any event type: the parameter position of the id functions makes a plain `EventType` too narrow. */
export interface AnyEventType {
  readonly type: string;
  readonly schema: z.ZodType;
  readonly version: number;
  readonly aliases: readonly string[];
  readonly volatile: readonly string[];
  readonly aggregateId: (data: never) => string;
  readonly partitionKey: ((data: never) => string) | undefined;
  readonly upcast: Upcast | undefined;
}

const DEFINITION = optionNames<EventTypeOptions<z.ZodType>>(
  'defineEvent',
  {
    schema: true,
    aggregateId: 'function',
    partitionKey: 'function',
    version: true,
    aliases: true,
    volatile: true,
    upcast: true,
  },
  InvalidDefinitionError,
);

const EVENT = optionNames<EventOptions>('An event', {
  occurredAt: true,
  correlationId: true,
  causationId: true,
  eventId: true,
  metadata: true,
});

/** Called when an event is published or emitted. @throws InvalidOptionError when it has options that no event has. */
export function checkEventOptions({ options }: NewEvent): void {
  if (options === undefined) return;
  knownOptions(options, EVENT);
  if (options.eventId !== undefined) checkEventId(options.eventId);
}

/** The options of an event as a plain copy: a spread of them would lose what they have inherited. */
export function plainEventOptions(options: EventOptions | undefined): EventOptions {
  return options === undefined ? {} : takeOptions(options, EVENT);
}

function checkEventId(id: unknown): void {
  if (isStorable(id, MAX_EVENT_ID)) return;
  throw new InvalidOptionError(
    `An event: eventId is ${typeof id === 'string' ? `a text of ${id.length} characters` : shown(id)}; it must be a text of 1 to ${MAX_EVENT_ID} bytes in UTF-8, without half characters.`,
  );
}

const TYPE_NAME = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/;

/**
 * Describes one kind of event.
 *
 * @param type `{domain}.{action}`, lower case, words joined by `_`: `trading.order_placed`.
 * @throws InvalidDefinitionError when the name, an option or a function is not of that form.
 */
export function defineEvent<const Name extends string, Schema extends z.ZodType>(
  type: Name,
  definition: EventTypeOptions<Schema>,
): EventType<Name, Schema> {
  const options = checkDefinition(type, definition);
  const make = (data: z.input<Schema>, eventOptions?: EventOptions): NewEvent<Name, z.input<Schema>> => ({
    type,
    data,
    options: eventOptions,
    definition: eventType as unknown as AnyEventType,
  });
  const eventType: EventType<Name, Schema> = Object.freeze(
    Object.assign(make, {
      type,
      schema: options.schema,
      version: options.version ?? 1,
      aliases: Object.freeze([...(options.aliases ?? [])]),
      volatile: Object.freeze([...(options.volatile ?? [])]),
      aggregateId: options.aggregateId,
      partitionKey: options.partitionKey,
      upcast: options.upcast && upcastOf<z.output<Schema>>(type, options.version ?? 1, options.upcast),
    }),
  );
  return eventType;
}

function checkDefinition<Schema extends z.ZodType>(
  type: string,
  definition: EventTypeOptions<Schema>,
): EventTypeOptions<Schema> {
  if (typeof type !== 'string' || !TYPE_NAME.test(type)) {
    throw new InvalidDefinitionError(
      `Event type ${shown(type)} is not of the form {domain}.{action}, such as 'trading.order_placed'.`,
    );
  }
  const options = takeOptions(definition, DEFINITION);
  if (typeof options.schema?.safeParse !== 'function') {
    throw new InvalidDefinitionError(`Event type '${type}' needs a Zod schema in 'schema'.`);
  }
  if (typeof options.aggregateId !== 'function') {
    throw new InvalidDefinitionError(
      `Event type '${type}' needs 'aggregateId': a function from payload to the id of its aggregate.`,
    );
  }
  for (const name of ['aliases', 'volatile'] as const) {
    const list: unknown = options[name] ?? [];
    if (Array.isArray(list) && list.every((item) => typeof item === 'string' && item !== '')) continue;
    throw new InvalidDefinitionError(`Event type '${type}': ${name} must be an array of names.`);
  }
  const version = options.version ?? 1;
  if (!isWhole(version, 1, MAX_TYPE_VERSION)) {
    throw new InvalidDefinitionError(
      `Event type '${type}' has version ${shown(version)}; it must be a whole number from 1 to ${MAX_TYPE_VERSION}.`,
    );
  }
  return options;
}
