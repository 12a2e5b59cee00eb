import type { z } from 'zod';
import {
  InvalidDefinitionError,
  InvalidNameError,
  SchemaMismatchError,
  UnknownEventTypeError,
} from '../kernel/errors.js';
import { isPromised } from '../kernel/thenable.js';
import { shown } from '../kernel/thrown.js';
import { MAX_EVENT_TYPES, MAX_NAME_BYTES } from '../limits.js';
import type { AnyEventType, DataOf, EventType } from './define-event.js';
import { type EventFunction, functionFailed } from './event-functions.js';
import { nearest } from './nearest.js';

/** How a type stands in the log: a small number for its name and schema version. */
export interface StoredType {
  readonly id: number;
  readonly name: string;
  readonly version: number;
  readonly volatile: readonly string[];
}

/** An event type with the functions that the hub calls, free of the types of one payload. */
export class RegisteredType {
  readonly definition: AnyEventType;
  readonly type: string;
  /** Number of (name, version) in this log; set once the store is open. */
  id = 0;
  /** Whether a lane handles it; set once the lanes are open. */
  handled = false;
  /** Whether its payloads may become records; false once they turned out to have dynamic keys. */
  asRecord = true;
  readonly #aggregateId: (data: unknown) => string;
  readonly #partitionKey: ((data: unknown) => string) | undefined;

  constructor(definition: AnyEventType) {
    this.definition = definition;
    this.type = definition.type;
    this.#aggregateId = definition.aggregateId as (data: unknown) => string;
    this.#partitionKey = definition.partitionKey as ((data: unknown) => string) | undefined;
  }

  /** The payload as its schema returns it. @throws SchemaMismatchError with the path of the field; EventFunctionError. */
  parse(data: unknown): unknown {
    const result = this.#safeParse(data);
    if (result.success) return result.data;
    const [issue] = result.error?.issues ?? [];
    const path = issue?.path.map(String).join('.') ?? '';
    throw new SchemaMismatchError(
      `Event '${this.type}'${path && `, field '${path}'`}: ${issue?.message ?? 'does not match its schema'}.`,
      { details: { type: this.type, path }, cause: result.error },
    );
  }

  /** @throws EventFunctionError, InvalidNameError */
  aggregateId(data: unknown): string {
    let name: unknown;
    try {
      name = this.#aggregateId(data);
    } catch (thrown) {
      throw functionFailed(this, 'aggregateId', { thrown });
    }
    return this.#checkName(name, 'aggregateId', 'aggregate id');
  }

  /** The ordering key: the given aggregate id unless the type says otherwise. @throws EventFunctionError, InvalidNameError */
  partitionKey(data: unknown, aggregateId: string): string {
    if (this.#partitionKey === undefined) return aggregateId;
    let name: unknown;
    try {
      name = this.#partitionKey(data);
    } catch (thrown) {
      throw functionFailed(this, 'partitionKey', { thrown });
    }
    return this.#checkName(name, 'partitionKey', 'partition key');
  }

  #safeParse(data: unknown): z.ZodSafeParseResult<unknown> {
    let result: z.ZodSafeParseResult<unknown>;
    try {
      result = this.definition.schema.safeParse(data);
    } catch (thrown) {
      throw functionFailed(this, 'schema', { thrown });
    }
    if (typeof result?.success === 'boolean') return result;
    throw functionFailed(this, 'schema', {
      returned: isPromised(result) ? 'returned a promise' : 'returned no result as safeParse gives it',
    });
  }

  #checkName(name: unknown, from: EventFunction, what: string): string {
    // Three bytes a UTF-16 unit is the most UTF-8 takes, so short names need no measuring.
    const bad =
      typeof name !== 'string' ||
      name.length === 0 ||
      (name.length * 3 > MAX_NAME_BYTES && Buffer.byteLength(name) > MAX_NAME_BYTES) ||
      !name.isWellFormed();
    if (!bad) return name;
    if (isPromised(name)) throw functionFailed(this, from, { returned: 'returned a promise' });
    throw new InvalidNameError(
      `Event '${this.type}': its ${what} is ${describeName(name)}; it must be a well-formed string of 1 to ${MAX_NAME_BYTES} bytes.`,
      { details: { type: this.type } },
    );
  }
}

function describeName(name: unknown): string {
  return typeof name === 'string' ? `a string of ${name.length} characters` : `of type ${typeof name}`;
}

/** The event types of one engine, by name and by alias. */
export class EventRegistry {
  readonly types: readonly RegisteredType[];
  readonly #byName = new Map<string, RegisteredType>();

  /** @throws InvalidDefinitionError when two types share a name or alias. */
  constructor(definitions: readonly AnyEventType[]) {
    if (definitions.length > MAX_EVENT_TYPES) {
      throw new InvalidDefinitionError(`${definitions.length} event types; the limit is ${MAX_EVENT_TYPES}.`);
    }
    definitions.forEach((definition, index) => {
      const given: unknown = definition;
      if (typeof given === 'function' && 'schema' in given && 'aggregateId' in given) return;
      throw new InvalidDefinitionError(
        `events[${index}] is not an event type. List what defineEvent returned, not an event made with it.`,
      );
    });
    this.types = definitions.map((definition) => new RegisteredType(definition));
    for (const type of this.types) {
      for (const name of [type.type, ...type.definition.aliases]) this.#add(name, type);
    }
  }

  #add(name: string, type: RegisteredType): void {
    if (this.#byName.has(name)) {
      throw new InvalidDefinitionError(
        `Two event types are named '${name}'. List each event type once in 'events', and check the aliases.`,
      );
    }
    this.#byName.set(name, type);
  }

  find(name: string): RegisteredType | undefined {
    return this.#byName.get(name);
  }

  /** @throws UnknownEventTypeError that says which one was probably meant. */
  get(name: string): RegisteredType {
    const type = this.#byName.get(name);
    if (type) return type;
    const near = typeof name === 'string' ? nearest(name, [...this.#byName.keys()]) : undefined;
    const hint = near === undefined ? '' : ` Did you mean '${near}'?`;
    throw new UnknownEventTypeError(
      `Event type ${typeof name === 'string' ? `'${name}'` : shown(name)} is not registered. Add it to 'events' in openEngine; registered are: ${this.#names()}.${hint}`,
      { details: { type: typeof name === 'string' ? name : shown(name) } },
    );
  }

  #names(): string {
    const names = this.types.slice(0, 8).map((type) => type.type);
    return names.length === 0 ? 'none' : names.join(', ') + (this.types.length > 8 ? ', …' : '');
  }
}

export type { DataOf, EventType };
