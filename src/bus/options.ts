import type { EngineOptions } from '../engine/options.js';
import type { NewEvent } from '../events/define-event.js';
import type { DomainEvent } from '../events/domain-event.js';
import { optionNames, takeOptions } from '../events/known-options.js';
import { isWhole } from '../kernel/check.js';
import { InvalidOptionError } from '../kernel/errors.js';
import {
  DEFAULT_BUS_WORKERS,
  DEFAULT_MAX_IN_FLIGHT,
  MAX_CONCURRENCY,
  MAX_DELAY_MS,
  MAX_MAX_IN_FLIGHT,
} from '../limits.js';
import type { SubscriptionOptions } from '../publisher/subscription-options.js';
import { checkStorePath } from '../store/store-path.js';

/** What `publish` does when the queue is full. `wait`: until there is room. `refuse`: it throws QueueFullError. */
export type WhenFull = 'wait' | 'refuse';

/** How the engine under an event bus, an event storage or an event system is opened. */
export type JournalOptions = Omit<EngineOptions, 'maxInFlight' | 'deterministic' | 'seed'>;

/** What `createEventBus` takes: the engine's own options, and those of the main thread's subscribers. */
export interface EventBusOptions extends JournalOptions {
  /**
   * Keys whose events the subscribers of the main thread may have under way at once, 1 to 1,024. Events of one
   * key are handled one at a time whatever this is. Default 4.
   *
   * A call that has been under way for a second takes up no worker while other keys wait, so that subscribers that
   * never end stop nobody; in all there are never more than 64 calls under way, or `workers`.
   */
  readonly workers?: number;
  /**
   * Events that may wait for subscribers, and as many that may wait for lanes, before publishers wait. Events that
   * wait behind others of their key while workers are free do not count: with a store they stay in the log, up to
   * 4,194,304 of them. In memory they stay there, and a key may hold back as many as there is room for others; then
   * publishers of that key wait. Default 65,536.
   */
  readonly maxQueueSize?: number;
  /** Default `wait`. */
  readonly whenFull?: WhenFull;
  /** `timeoutMs` of the subscribers that set none, 1 to a day. Default: none. */
  readonly subscriberTimeoutMs?: number;
}

/** What a subscriber is called with besides its event. */
export interface BusHandlerContext {
  /** 1 for the first try, 2 for the first retry, … */
  readonly attempt: number;
  /**
   * Aborts when the call has taken longer than its `timeoutMs`, and when the bus stops without waiting for it. Pass
   * it on to whatever the handler waits for.
   */
  readonly signal: AbortSignal;
  /**
   * Publishes an event that the handled one led to: its cause and its story (`correlationId`) are filled in. It
   * never waits for the bus's own queue, so handlers that wait for it cannot wait for each other. Once `signal` has
   * aborted it publishes nothing, and rejects with the signal's reason.
   */
  publish(event: NewEvent): Promise<unknown>;
}

/** A subscriber of the main thread: a function, not a module. What it throws or rejects with is a failed try. */
export type BusHandler<Data = unknown, Name extends string = string> = (
  event: DomainEvent<Data, Name>,
  context: BusHandlerContext,
) => unknown;

/** A publisher's options of priority and retries; here the event's key waits for its retries. */
export interface BusSubscribeOptions
  extends Pick<
    SubscriptionOptions<never>,
    'priority' | 'retries' | 'retryDelayMs' | 'maxRetryDelayMs' | 'jitter'
  > {
  /**
   * Who this is in the processing log and in the list of failed events. Keep it the same from run to run: a failed
   * event is tried again by the subscribers of that name. Default: the function's name, or the subscription's id.
   */
  readonly name?: string;
  /**
   * Milliseconds after which the promise of a call is waited for no more, 1 to a day: its `signal` aborts, and a
   * quarter of a second later the try has failed with `HandlerTimeoutError`. Its key goes on then, by `retries` or as
   * a failed event. Nothing can end a function from outside: what it still does afterwards may overlap with the next
   * call, unless it looks at its signal. One that does not return to the event loop is not interrupted.
   * Default: the bus's `subscriberTimeoutMs`.
   */
  readonly timeoutMs?: number;
}

/** What is left to the engine under a bus or a storage. */
export const JOURNAL_NAMES = {
  events: true,
  durability: true,
  handlers: true,
  aggregates: true,
  threads: true,
  handlerTimeoutMs: true,
  until: true,
  resourceLimits: true,
  concurrency: true,
  dispatch: true,
  validate: true,
  maxInFlightBytes: true,
  memoryBytes: true,
  health: true,
  logger: true,
  tracing: true,
  run: true,
  shared: true,
} as const;

const BUS = optionNames<EventBusOptions>('An event bus', {
  ...JOURNAL_NAMES,
  store: true,
  workers: true,
  maxQueueSize: true,
  whenFull: true,
  subscriberTimeoutMs: true,
});

/** Options of a bus with every default filled in, and what is left for the engine. */
export interface CheckedBusOptions {
  readonly workers: number;
  readonly maxQueueSize: number;
  readonly whenFull: WhenFull;
  readonly subscriberTimeoutMs: number | undefined;
  readonly engine: EngineOptions;
}

/** @throws InvalidOptionError */
export function checkBusOptions(given: EventBusOptions): CheckedBusOptions {
  const options = takeOptions(given, BUS);
  if (!Array.isArray(options?.events)) {
    throw new InvalidOptionError("An event bus needs 'events': the array of event types it may see.");
  }
  const {
    workers = DEFAULT_BUS_WORKERS,
    maxQueueSize = DEFAULT_MAX_IN_FLIGHT,
    whenFull = 'wait',
    subscriberTimeoutMs,
    ...engine
  } = options;
  if (options.store !== undefined) checkStorePath(options.store, 'Option store');
  whole('workers', workers, 1, MAX_CONCURRENCY);
  whole('maxQueueSize', maxQueueSize, 1, MAX_MAX_IN_FLIGHT);
  if (!['wait', 'refuse'].includes(whenFull)) {
    throw new InvalidOptionError(`Option whenFull is '${whenFull}'; it must be 'wait' or 'refuse'.`);
  }
  checkTimeout('subscriberTimeoutMs', subscriberTimeoutMs);
  return {
    workers,
    maxQueueSize,
    whenFull,
    subscriberTimeoutMs,
    engine: { ...engine, maxInFlight: maxQueueSize },
  };
}

/** @throws InvalidOptionError */
export function checkTimeout(name: string, milliseconds: number | undefined): void {
  if (milliseconds !== undefined) whole(name, milliseconds, 1, MAX_DELAY_MS);
}

function whole(name: string, value: number, least: number, most: number): void {
  if (isWhole(value, least, most)) return;
  throw new InvalidOptionError(
    `Option ${name} is ${value}; it must be a whole number from ${least} to ${most}.`,
  );
}
