import type { z } from 'zod';
import type { AnyEventType, EventType, NewEvent } from '../events/define-event.js';
import type { DomainEvent } from '../events/domain-event.js';
import { knownOptions, optionNames } from '../events/known-options.js';
import { isStorable } from '../kernel/check.js';
import { InvalidDefinitionError } from '../kernel/errors.js';
import { checkWhole, type RetryRule, retryRuleOf } from '../kernel/retry-rule.js';
import { isPromised } from '../kernel/thenable.js';
import { shown } from '../kernel/thrown.js';
import { MAX_DELAY_MS, MAX_LATE_MODULE, MAX_NAME_BYTES } from '../limits.js';

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
  /**
   * Aborts when the handler's `timeoutMs` is over; never without one. In a loop read it anew each time, as in
   * `ctx.signal.throwIfAborted()`: a handler that does not let go soon after is ended with its thread.
   */
  readonly signal: AbortSignal;
}

/**
 * Handles one event on a lane. The event is handled when it has returned, or its promise resolved; what it throws
 * fails the event.
 */
export type Handler<Data = unknown, Name extends string = string> = (
  event: DomainEvent<Data, Name>,
  context: HandlerContext,
) => void | Promise<void>;

/** What happens to an event whose retries are used up. */
export type FailurePolicy = 'park' | 'skip' | 'stop';

/** Options of one handler: what becomes of an event that it fails on, and how long it may take. */
export interface HandlerOptions {
  /** Further tries after the first failure, 0 to 100. Default 0. */
  readonly retries?: number;
  /** Milliseconds before the first retry; each further pause is twice as long. Default 10. */
  readonly retryDelayMs?: number;
  /** Longest pause before a retry, in milliseconds. Default 30,000. */
  readonly maxRetryDelayMs?: number;
  /** Share of a pause that is left to chance, 0 to 1: a pause is between (1 - jitter) and 1 of its length. Default 0.2. */
  readonly jitter?: number;
  /**
   * What to do when the retries are used up. `park` (default): the event becomes a dead letter and the later
   * ones of its key wait behind it, in order, in the log; other keys go on. `skip`: it becomes a dead letter and
   * its key goes on. `stop`: the engine stops.
   */
  readonly onFailure?: FailurePolicy;
  /**
   * Milliseconds that the handler may take for one event. Then `ctx.signal` aborts, and if the handler has not
   * ended a quarter of a second later, its thread is ended and replaced. Default: no limit.
   */
  readonly timeoutMs?: number;
  /**
   * Which events of before this handler's module was there it is called with, too: all of the log (`start`), those from
   * a position on, or none (`now`, default). They come in the order of their keys, before anything new of the key, and
   * to this handler alone: others of the type have had them. It counts once per module and type; what is done of it is
   * kept in the log under both names. The log does not know which modules handled its events before: a module that was
   * there without it, and begins to ask, gets those that it has handled as new ones once more.
   */
  readonly from?: 'start' | 'now' | number;
}

/** A handler's options with every default filled in. */
export type FailureRule = RetryRule & { readonly onFailure: FailurePolicy };

export interface HandlerEntry extends FailureRule {
  readonly module: string;
  readonly eventType: AnyEventType;
  readonly handle: Handler<never, never>;
  readonly timeoutMs: number | undefined;
  /** The first position of old events that it asks for; undefined when it asks for none. */
  readonly from: number | undefined;
}

/** What a handler module may do besides handling events. */
export interface ModuleHooks {
  /**
   * Called on every lane for `engine.broadcast(message)`, between two events, and on a new or replaced lane for
   * the last message there was. `message` is a copy.
   */
  readonly onBroadcast?: (message: unknown, lane: number) => void | Promise<void>;
}

/** Registers one handler for one event type. */
export type OnEvent = <Name extends string, Schema extends z.ZodType>(
  eventType: EventType<Name, Schema>,
  handler: Handler<z.output<Schema>, Name>,
  options?: HandlerOptions,
) => void;

const HANDLER = optionNames<HandlerOptions>(
  'A handler',
  {
    retries: true,
    retryDelayMs: true,
    maxRetryDelayMs: true,
    jitter: true,
    onFailure: true,
    timeoutMs: true,
    from: true,
  },
  InvalidDefinitionError,
);

const HOOKS = optionNames<ModuleHooks>('defineHandlers', { onBroadcast: 'function' }, InvalidDefinitionError);

const BRAND = Symbol.for('millrace.handlers');

/** The default export of a handler module. */
export interface HandlerModule {
  readonly [BRAND]: true;
  readonly name: string;
  readonly entries: readonly HandlerEntry[];
  readonly hooks: ModuleHooks;
}

/**
 * Names the handlers of a module. Export the result as default; the module is loaded once in each lane thread.
 *
 * @param name it is stored with dead letters, and names a consumer of the log when a handler has `from`.
 * @throws InvalidDefinitionError when the name cannot be stored, or an option is not known or out of its range.
 */
export function defineHandlers(
  name: string,
  register: (on: OnEvent) => void,
  hooks: ModuleHooks = {},
): HandlerModule {
  if (!isStorable(name, MAX_NAME_BYTES) || typeof register !== 'function') {
    throw new InvalidDefinitionError(
      `defineHandlers needs a name of 1 to ${MAX_NAME_BYTES} bytes in UTF-8, without half characters, and a function: defineHandlers('risk', (on) => …).`,
    );
  }
  knownOptions(hooks, HOOKS);
  const entries: HandlerEntry[] = [];
  const registered: unknown = register((eventType, handler, options = {}) => {
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
  if (isPromised(registered)) {
    throw new InvalidDefinitionError(
      `Handlers '${name}': the function that registers them is async, so what it does after an await comes too late. Await at the top of the module instead.`,
    );
  }
  return { [BRAND]: true, name, entries, hooks };
}

/** Whether a module's default export came from `defineHandlers`, of this or another copy of the package. */
export function isHandlerModule(value: unknown): value is HandlerModule {
  return typeof value === 'object' && value !== null && BRAND in value;
}

function checkOptions(
  name: string,
  type: string,
  options: HandlerOptions,
): FailureRule & Pick<HandlerEntry, 'timeoutMs' | 'from'> {
  const { onFailure = 'park', timeoutMs, from = 'now', ...retry } = knownOptions(options, HANDLER);
  const refuse = (what: string, value: unknown, range: string) => {
    throw new InvalidDefinitionError(
      `Handlers '${name}', ${type}: ${what} is ${typeof value === 'string' ? value : shown(value)}; it must be ${range}.`,
    );
  };
  const rule = retryRuleOf(retry, refuse);
  if (timeoutMs !== undefined) checkWhole(refuse, 'timeoutMs', timeoutMs, 1, MAX_DELAY_MS);
  if (!['park', 'skip', 'stop'].includes(onFailure)) {
    refuse(
      'onFailure',
      typeof onFailure === 'string' ? `'${onFailure}'` : onFailure,
      "'park', 'skip' or 'stop'",
    );
  }
  return { ...rule, onFailure, timeoutMs, from: firstOf(name, from, refuse) };
}

/** The first position that a handler asks for. */
function firstOf(module: string, from: unknown, refuse: Refuse): number | undefined {
  if (from === 'now') return undefined;
  if (module.length > MAX_LATE_MODULE) {
    refuse('from', from, `left out, or the module's name no longer than ${MAX_LATE_MODULE} characters`);
  }
  if (/\p{Cc}/u.test(module)) {
    refuse('from', from, "left out, or the module's name without control characters: a consumer is named so");
  }
  if (from === 'start') return 1;
  if (!Number.isSafeInteger(from) || (from as number) < 1) {
    const given = typeof from === 'string' ? `'${from}'` : from;
    refuse('from', given, "'start', 'now' or a whole number from 1");
  }
  return from as number;
}

type Refuse = (what: string, value: unknown, range: string) => void;
