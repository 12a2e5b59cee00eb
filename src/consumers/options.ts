import type { AnyEventType } from '../events/define-event.js';
import { optionNames, takeOptions } from '../events/known-options.js';
import type { EventRegistry } from '../events/registry.js';
import { namesOfTypes } from '../events/type-names.js';
import { InvalidOptionError } from '../kernel/errors.js';
import { moduleUrlOf } from '../kernel/module-url.js';
import { type RetryRule, retryRuleOf } from '../kernel/retry-rule.js';
import { shown } from '../kernel/thrown.js';
import type { FailurePolicy } from '../lanes/handlers.js';
import type { SubscribedEvent } from '../publisher/subscribable.js';
import { OWN_CONSUMERS } from '../store/consumer.js';
import { MAX_CONSUMER_CONCURRENCY, MAX_CONSUMER_NAME } from './limits.js';

/** What a consumer's handler may look at besides its event. */
export interface ConsumerContext {
  /** The consumer's name. */
  readonly consumer: string;
  /** 1 for the first try, 2 for the first retry, … */
  readonly attempt: number;
  /** Aborts when the consumer is paused, stopped or replayed, or the engine closes: each waits for the handler to end. */
  readonly signal: AbortSignal;
}

/** Handles one event of a consumer. The event is done when it has returned, or its promise resolved. */
export type ConsumerHandler<Type extends AnyEventType = AnyEventType> = (
  event: SubscribedEvent<'log', Type>,
  context: ConsumerContext,
) => unknown;

/** Options of `engine.consumers.start`: what the consumer is called, where it begins, and what it does. */
export interface ConsumerOptions<Type extends AnyEventType = AnyEventType> {
  /** What its progress is stored under: 1 to 128 characters, no control characters, not beginning with `millrace:`. */
  readonly name: string;
  /**
   * Where it begins when the log does not know its name yet: with the first event of the log (`start`, default), behind
   * the last durable one (`now`), or with the event at a position. A known name goes on where it was.
   */
  readonly from?: 'start' | 'now' | number;
  /** Only these event types, or types of these names, at least one. All others count as done. Default: all types. */
  readonly types?: readonly (Type | string)[];
  /** Events of different keys that may run at once, 1 to 256. Default 1: in the order of the log. */
  readonly concurrency?: number;
  /** Further tries after the first failure, 0 to 100. Default 0. Later events of the key wait for them, others do not. */
  readonly retries?: number;
  /** Milliseconds before the first retry, 0 to a day; each further pause is twice as long. Default 10. */
  readonly retryDelayMs?: number;
  /** Longest pause before a retry, in milliseconds, up to a day. Default 30,000. */
  readonly maxRetryDelayMs?: number;
  /** Share of a pause that is left to chance, 0 to 1: a pause is between (1 - jitter) and 1 of its length. Default 0.2. */
  readonly jitter?: number;
  /**
   * What to do when the retries are used up. `park` (default): the event becomes a failed one and the later ones of its
   * key wait behind it, in order, in the log; other keys go on. `skip`: it becomes a failed one and its key goes on.
   * `stop`: the consumer stops in front of it, until `resume()`.
   */
  readonly onFailure?: FailurePolicy;
  /**
   * Where its handler runs: on the main thread (`main`, default), or on a thread of its own (`thread`), which `module`
   * is loaded in. Reading, order and progress are the main thread's in either case.
   */
  readonly where?: 'main' | 'thread';
  /** Handles an event on the main thread. */
  readonly handle?: ConsumerHandler<Type>;
  /**
   * With `where: 'thread'`: the URL of the module whose default export handles an event, a `ConsumerHandler`. It gets a
   * copy of the event; bytes in it are Uint8Arrays.
   */
  readonly module?: URL | string;
}

/** Options of `whenCaughtUp`. */
export interface CatchUpOptions {
  /** Ends the waiting with its reason; the consumer goes on. */
  readonly signal?: AbortSignal;
}

export const CATCH_UP = optionNames<CatchUpOptions>('whenCaughtUp', { signal: true });

/** Options with every default filled in, free of the types of one event. */
export interface CheckedConsumer {
  readonly name: string;
  readonly from: 'start' | 'now' | number;
  readonly types: ReadonlySet<string> | undefined;
  readonly concurrency: number;
  readonly retry: RetryRule;
  readonly onFailure: FailurePolicy;
  /** Undefined when `module` has it. */
  readonly handle: ((event: never, context: ConsumerContext) => unknown) | undefined;
  /** URL of the module that a thread of its own loads. */
  readonly module: string | undefined;
}

const CONSUMER = optionNames<ConsumerOptions>('consumers.start', {
  name: true,
  from: true,
  types: true,
  concurrency: true,
  retries: true,
  retryDelayMs: true,
  maxRetryDelayMs: true,
  jitter: true,
  onFailure: true,
  where: true,
  handle: 'function',
  module: true,
});

/** @throws InvalidOptionError that names the option, its value and its range; UnknownEventTypeError. */
export function checkConsumer<Type extends AnyEventType>(
  given: ConsumerOptions<Type>,
  registry: EventRegistry,
): CheckedConsumer {
  const options = takeOptions(given as ConsumerOptions<never>, CONSUMER) as ConsumerOptions;
  const { from = 'start', types, concurrency = 1, onFailure = 'park' } = options;
  const name = checkConsumerName(options.name);
  if (name.startsWith(OWN_CONSUMERS)) refuse('name', name, `one that does not begin with '${OWN_CONSUMERS}'`);
  if (from !== 'start' && from !== 'now' && !isPosition(from))
    refuse('from', from, "'start', 'now' or a whole number from 1");
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > MAX_CONSUMER_CONCURRENCY) {
    refuse('concurrency', concurrency, `a whole number from 1 to ${MAX_CONSUMER_CONCURRENCY}`);
  }
  if (!['park', 'skip', 'stop'].includes(onFailure))
    refuse('onFailure', onFailure, "'park', 'skip' or 'stop'");
  return {
    ...{ name, from, concurrency, onFailure, ...placeOf(options) },
    retry: retryRuleOf(options, refuse),
    types: typesOf(types, registry),
  };
}

/** The names of the types that it takes; undefined for all. @throws InvalidOptionError, UnknownEventTypeError */
function typesOf(
  types: readonly (AnyEventType | string)[] | undefined,
  registry: EventRegistry,
): ReadonlySet<string> | undefined {
  if (types === undefined) return undefined;
  const names = namesOfTypes('consumers.start', types);
  // It would pass the whole log by, and have all of it done.
  if (names.length === 0) refuse('types', types, 'at least one event type; leave it out for all of them');
  return new Set(names.map(([type = '']) => registry.get(type).type));
}

/** Who handles the events, and where. @throws InvalidOptionError */
function placeOf({
  where = 'main',
  handle,
  module,
}: ConsumerOptions): Pick<CheckedConsumer, 'handle' | 'module'> {
  if (where !== 'main' && where !== 'thread') refuse('where', where, "'main' or 'thread'");
  if (where === 'main') {
    if (module !== undefined) refuse('module', module, "left out without where: 'thread'");
    if (typeof handle !== 'function') refuse('handle', handle, 'a function');
    return { handle, module: undefined };
  }
  if (handle !== undefined)
    refuse('handle', handle, "left out with where: 'thread': functions cannot be sent there");
  const url = moduleUrlOf(module);
  if (url !== undefined) return { handle: undefined, module: url };
  return refuse('module', module, "the URL of a module: new URL('./mailer.consumer.js', import.meta.url)");
}

/** @throws InvalidOptionError */
export function checkConsumerName(name: unknown): string {
  const isName =
    typeof name === 'string' &&
    name.length >= 1 &&
    name.length <= MAX_CONSUMER_NAME &&
    name.isWellFormed() &&
    !/\p{Cc}/u.test(name);
  if (isName) return name;
  return refuse('name', name, `a text of 1 to ${MAX_CONSUMER_NAME} characters, without control characters`);
}

/** The position that a call of a consumer is given. @throws InvalidOptionError */
export function checkPosition(call: string, position: unknown): void {
  if (isPosition(position)) return;
  throw new InvalidOptionError(
    `${call}: the position is ${given(position)}; it must be a whole number from 1.`,
  );
}

export function isPosition(position: unknown): position is number {
  return Number.isSafeInteger(position) && (position as number) >= 1;
}

function refuse(name: string, value: unknown, range: string): never {
  throw new InvalidOptionError(`Consumer option ${name} is ${given(value)}; it must be ${range}.`);
}

function given(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 200)) : shown(value);
}
