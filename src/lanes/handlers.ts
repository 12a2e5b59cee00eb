import type { z } from 'zod';
import type { AnyEventType, EventType, NewEvent } from '../events/define-event.js';
import type { DomainEvent } from '../events/domain-event.js';
import { knownOptions, optionNames, takeOptions } from '../events/known-options.js';
import { isStorable } from '../kernel/check.js';
import { InvalidDefinitionError } from '../kernel/errors.js';
import { checkWhole, type RetryRule, retryRuleOf } from '../kernel/retry-rule.js';
import { isPromised, isThenable } from '../kernel/thenable.js';
import { shown } from '../kernel/thrown.js';
import { MAX_DELAY_MS, MAX_LATE_MODULE, MAX_NAME_BYTES } from '../limits.js';
import type { Aggregate, Command, CommandInput } from './aggregates/define-aggregate.js';
import { HELD, isStateType, type StateContext, type StateType } from './states/define-state.js';
import type { ScheduleOptions, TimerTime } from './timers/timer-time.js';

/** What a handler may do besides looking at its event. */
export interface HandlerContext {
  /**
   * Adds an event that the handled one led to. It is validated at once and stored only if every handler of
   * the event succeeds, in one transaction with the progress mark.
   */
  emit(event: NewEvent): void;
  /**
   * Has the event published at a time, in this key's name: once, also when the process has ended meanwhile. A timer of the
   * same name is replaced. Like `emit`, it is validated at once and counts only if every handler of the event succeeds.
   *
   * @param at a Date, epoch milliseconds, or `{ in: 1000 }` or `{ in: '1h' }` from `now()` on. What is past fires at once.
   * @throws InvalidTimerError; as `emit`.
   */
  schedule(event: NewEvent, at: TimerTime, options?: ScheduleOptions): void;
  /**
   * Takes back the key's timer of that name, or of an event type's. When there is none, it may have fired: nothing happens.
   *
   * @throws InvalidTimerError when it can be no name.
   */
  cancel(name: string | AnyEventType): void;
  /**
   * Sends a command to an aggregate. It is on its way when the event's progress is durable, and is decided exactly once in
   * its effects, also when the process has ended meanwhile. Like `emit`, it is checked at once and counts only if every
   * handler of the event succeeds. A refusal is an answer like any other, and nobody hears of it but `onNotice`: let the command emit an
   * event where the handlers must hear. What fails otherwise is tried again, then held: see `engine.heldCommands`.
   *
   * @throws UnknownAggregateError, UnknownCommandError; InvalidNameError; SchemaMismatchError and UnsupportedPayloadError for an
   * input that does not fit or is no plain data; TooManyCommandsError, PayloadTooLargeError.
   */
  execute<
    State,
    Events extends AnyEventType,
    All extends Readonly<Record<string, Command<State, never, unknown, Events>>>,
    Name extends keyof All & string,
  >(
    aggregate: Aggregate<State, Events, All>,
    aggregateId: string,
    command: Name,
    input: CommandInput<All[Name]>,
  ): void;
  /**
   * The events of an aggregate before the handled one, in their order and in the current form of their types: everything
   * with a lower position, and nothing behind it, on whatever thread and at whatever try. Read page by page as the loop
   * goes on: `for await (const event of ctx.history(id))`. In deterministic mode only those of the handled event's key.
   *
   * @throws InvalidOptionError; in the loop UpcastError, StoreCorruptError, EngineFailedError, and NotRetainedError of a
   * log in memory that has dropped some of them.
   */
  history(aggregateId: string): AsyncIterable<DomainEvent>;
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

/**
 * Handles one event with the state of its key. It returns the new state, or changes the one that it is given and returns
 * nothing; `state` is its own until it has ended, and must not be kept or changed after that.
 */
export type StateHandler<Data = unknown, Name extends string = string, State = unknown> = (
  event: DomainEvent<Data, Name>,
  state: State,
  context: HandlerContext,
) => State | void | Promise<State | undefined> | Promise<void>;

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

/** Options of a handler with a state. */
export interface StateHandlerOptions<State> extends HandlerOptions {
  /** What the handler keeps for each partition key; made by `defineState`. Handlers with the same one share it. */
  readonly state: StateType<State>;
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
  /** The state that it is given, if it has one. */
  readonly state: StateType | undefined;
  /** It is called to have its state as it would be: what it emits was emitted long ago, by it or by what it was then. */
  readonly isRebuilding?: boolean;
}

/** What a handler module may do besides handling events. */
export interface ModuleHooks {
  /**
   * Called on every lane for `engine.broadcast(message)`, between two events, and on a new or replaced lane for
   * the last message there was. `message` is a copy.
   */
  readonly onBroadcast?: (message: unknown, lane: number) => void | Promise<void>;
}

/** Registers one handler for one event type: `on(Type, handle, options)`, or `on(Type, { state, … }, handle)`. */
export interface OnEvent {
  <Name extends string, Schema extends z.ZodType, State>(
    eventType: EventType<Name, Schema>,
    options: StateHandlerOptions<State>,
    handler: StateHandler<z.output<Schema>, Name, NoInfer<State>>,
  ): void;
  <Name extends string, Schema extends z.ZodType>(
    eventType: EventType<Name, Schema>,
    handler: Handler<z.output<Schema>, Name>,
    options?: HandlerOptions,
  ): void;
}

const HANDLER = optionNames<StateHandlerOptions<unknown>>(
  'A handler',
  {
    retries: true,
    retryDelayMs: true,
    maxRetryDelayMs: true,
    jitter: true,
    onFailure: true,
    timeoutMs: true,
    from: true,
    state: true,
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
  const on = (eventType: AnyEventType, second: unknown, third: unknown) => {
    const isStateFirst = typeof second !== 'function';
    const handler = isStateFirst ? third : second;
    const given = isStateFirst ? second : third;
    const options = (given === undefined ? {} : given) as Partial<StateHandlerOptions<unknown>>;
    if (typeof eventType?.type !== 'string' || typeof handler !== 'function') {
      throw new InvalidDefinitionError(
        `Handlers '${name}': on() needs an event type made by defineEvent and a function.`,
      );
    }
    const rule = checkOptions(name, eventType.type, options);
    if (isStateFirst !== (rule.state !== undefined)) {
      throw new InvalidDefinitionError(
        `Handlers '${name}', ${eventType.type}: a handler with a state is on(Type, { state, … }, (event, state, ctx) => …), one without is on(Type, (event, ctx) => …, options).`,
      );
    }
    const handle = rule.state
      ? withState(rule.state, handler as StateHandler<never, never, never>)
      : (handler as Handler<never, never>);
    entries.push({ module: name, eventType, handle, ...rule });
  };
  const registered: unknown = register(on as OnEvent);
  if (isPromised(registered)) {
    throw new InvalidDefinitionError(
      `Handlers '${name}': the function that registers them is async, so what it does after an await comes too late. Await at the top of the module instead.`,
    );
  }
  return { [BRAND]: true, name, entries, hooks };
}

/** A handler with a state in the form of one without, which is all that the rest of a lane knows. */
function withState(type: StateType, handler: StateHandler<never, never, never>): Handler<never, never> {
  return (event, context) => {
    const held = (context as HandlerContext & Partial<StateContext>)[HELD];
    if (!held) {
      throw new InvalidDefinitionError(
        `The handler with state '${type.name}' was called outside of an engine. Call it through one, or with specify() of millrace/testing.`,
      );
    }
    const returned: unknown = handler(event, held.begin(type) as never, context);
    if (!isThenable(returned)) {
      held.settle(type, returned);
      return undefined;
    }
    return Promise.resolve(returned).then((value) => held.settle(type, value));
  };
}

/** Whether a module's default export came from `defineHandlers`, of this or another copy of the package. */
export function isHandlerModule(value: unknown): value is HandlerModule {
  return typeof value === 'object' && value !== null && BRAND in value;
}

function checkOptions(
  name: string,
  type: string,
  options: Partial<StateHandlerOptions<unknown>>,
): FailureRule & Pick<HandlerEntry, 'timeoutMs' | 'from' | 'state'> {
  const { onFailure = 'park', timeoutMs, from = 'now', state, ...retry } = takeOptions(options, HANDLER);
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
  if (state !== undefined && !isStateType(state)) refuse('state', state, 'made by defineState');
  return { ...rule, onFailure, timeoutMs, from: firstOf(name, from, refuse), state };
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
