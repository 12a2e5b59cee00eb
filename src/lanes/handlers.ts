import type { z } from 'zod';
import type { AnyEventType, EventType, NewEvent } from '../events/define-event.js';
import type { DomainEvent } from '../events/domain-event.js';
import { InvalidDefinitionError } from '../events/errors.js';
import { MAX_RETRIES } from '../limits.js';

/** What a handler may do besides looking at its event. */
export interface HandlerContext {
  /**
   * Adds an event that the handled one led to. It is validated at once and stored only if every handler of
   * the event succeeds, in one transaction with the progress mark.
   */
  emit(event: NewEvent): void;
  /** The time to use: the wall clock, or in deterministic mode the handled event's `occurredAt`. Epoch ms. */
  now(): number;
  /** A number in [0, 1): from `Math.random`, or in deterministic mode from (seed, partition key, position in its order). */
  random(): number;
  /** What the engine was given as `shared`: SharedArrayBuffers in it are shared, everything else is a copy. */
  readonly shared: Readonly<Record<string, unknown>>;
  /** The lane that runs the handler, from 0. */
  readonly lane: number;
  /** 1 for the first try, 2 for the first retry, … */
  readonly attempt: number;
}

export type Handler<Data = unknown, Name extends string = string> = (
  event: DomainEvent<Data, Name>,
  context: HandlerContext,
) => void | Promise<void>;

/** What happens to an event whose retries are used up. */
export type FailurePolicy = 'park' | 'skip' | 'stop';

export interface HandlerOptions {
  /** Further tries after the first failure, 0 to 100. Default 0. */
  readonly retries?: number;
  /**
   * `park` (default): the event and the later ones of its key wait, in order, and are tried again at the next
   * open; other keys go on. `skip`: the event counts as finished. `stop`: the engine stops.
   */
  readonly onFailure?: FailurePolicy;
}

export interface HandlerEntry {
  readonly module: string;
  readonly eventType: AnyEventType;
  readonly handle: Handler<never, never>;
  readonly retries: number;
  readonly onFailure: FailurePolicy;
}

/** Registers one handler for one event type. */
export type OnEvent = <Name extends string, Schema extends z.ZodType>(
  eventType: EventType<Name, Schema>,
  handler: Handler<z.output<Schema>, Name>,
  options?: HandlerOptions,
) => void;

const BRAND = Symbol.for('millrace.handlers');

/** The default export of a handler module. */
export interface HandlerModule {
  readonly [BRAND]: true;
  readonly name: string;
  readonly entries: readonly HandlerEntry[];
}

/**
 * Names the handlers of a module. Export the result as default; the module is loaded once in each lane thread.
 *
 * @throws InvalidDefinitionError when an option is out of its range.
 */
export function defineHandlers(name: string, register: (on: OnEvent) => void): HandlerModule {
  if (typeof name !== 'string' || name === '' || typeof register !== 'function') {
    throw new InvalidDefinitionError(
      "defineHandlers needs a name and a function: defineHandlers('risk', (on) => …).",
    );
  }
  const entries: HandlerEntry[] = [];
  register((eventType, handler, options = {}) => {
    if (typeof eventType?.type !== 'string' || typeof handler !== 'function') {
      throw new InvalidDefinitionError(
        `Handlers '${name}': on() needs an event type made by defineEvent and a function.`,
      );
    }
    entries.push({
      module: name,
      eventType,
      handle: handler as Handler<never, never>,
      ...checkOptions(name, eventType.type, options),
    });
  });
  return { [BRAND]: true, name, entries };
}

/** Whether a module's default export came from `defineHandlers`, of this or another copy of the package. */
export function isHandlerModule(value: unknown): value is HandlerModule {
  return typeof value === 'object' && value !== null && BRAND in value;
}

function checkOptions(name: string, type: string, options: HandlerOptions) {
  const { retries = 0, onFailure = 'park' } = options;
  if (!Number.isInteger(retries) || retries < 0 || retries > MAX_RETRIES) {
    throw new InvalidDefinitionError(
      `Handlers '${name}', ${type}: retries is ${retries}; it must be a whole number from 0 to ${MAX_RETRIES}.`,
    );
  }
  if (!['park', 'skip', 'stop'].includes(onFailure)) {
    throw new InvalidDefinitionError(
      `Handlers '${name}', ${type}: onFailure is '${onFailure}'; it must be 'park', 'skip' or 'stop'.`,
    );
  }
  return { retries, onFailure };
}
