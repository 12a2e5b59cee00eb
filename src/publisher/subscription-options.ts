import { knownOptions, optionNames } from '../events/known-options.js';
import { InvalidOptionError } from '../kernel/errors.js';
import { type RetryRule, retryRuleOf } from '../kernel/retry-rule.js';

/** Whose subscription it is: an object, or a name. */
export type SubscriptionOwner = object | string;

/**
 * User code that hears events on the main thread. It is called with its subscription's owner as `this` and as
 * second argument. A promise that it returns is not waited for by later events, but by `settled`.
 */
export type SubscriptionHandler<Value, Owner = undefined> = (
  this: NoInfer<Owner>,
  event: Value,
  owner: NoInfer<Owner>,
) => unknown;

/** How a subscription hears its events. */
export interface SubscriptionOptions<Event, Owner = SubscriptionOwner | undefined> {
  /** Higher runs first; equal ones run in order of subscription. Any number but NaN. Default 0. */
  readonly priority?: number;
  /** Only events for which it returns true. */
  readonly filter?: (event: Event) => boolean;
  /** Ends the subscription with the first event that it takes. Retries of that event still run. */
  readonly once?: boolean;
  /** Ends the subscription when aborted. */
  readonly signal?: AbortSignal;
  /** Whose it is: `unsubscribeOwner` ends all of an owner's subscriptions. */
  readonly owner?: Owner;
  /**
   * Ends the subscription when its owner, an object, is no longer used by anybody else. The handler must not hold
   * the owner itself: let it be a method (`portfolio.onOrder`) or take the owner as its second argument.
   * Default false.
   */
  readonly weak?: boolean;
  /**
   * Further tries after the first failure, 0 to 100. Default 0. Later events do not wait for them: where order
   * matters, use a lane handler.
   */
  readonly retries?: number;
  /** Milliseconds before the first retry, 0 to a day; each further pause is twice as long. Default 10. */
  readonly retryDelayMs?: number;
  /** Longest pause before a retry, in milliseconds, up to a day. Default 30,000. */
  readonly maxRetryDelayMs?: number;
  /** Share of a pause that is left to chance, 0 to 1: a pause is between (1 - jitter) and 1 of its length. Default 0.2. */
  readonly jitter?: number;
}

/** Options of a subscription whose handler gets something else than the event. */
export interface TransformOptions<Event, Value, Owner = SubscriptionOwner | undefined>
  extends SubscriptionOptions<Event, Owner> {
  /** Makes what the handler gets in the event's place. */
  readonly transform: (event: Event) => Value;
}

/** Options of a subscription, free of the types of one event, with every default filled in. */
export interface CheckedSubscription {
  readonly priority: number;
  readonly filter: ((event: never) => boolean) | undefined;
  readonly transform: ((event: never) => unknown) | undefined;
  readonly once: boolean;
  readonly signal: AbortSignal | undefined;
  readonly owner: SubscriptionOwner | undefined;
  readonly weak: boolean;
  readonly retry: RetryRule;
}

type AnyOptions = SubscriptionOptions<never> & Partial<TransformOptions<never, unknown>>;

const SUBSCRIBE = optionNames<AnyOptions>('subscribe', {
  priority: true,
  filter: 'function',
  transform: 'function',
  once: 'boolean',
  signal: true,
  owner: true,
  weak: 'boolean',
  retries: true,
  retryDelayMs: true,
  maxRetryDelayMs: true,
  jitter: true,
});

/** @throws InvalidOptionError that names the option, its value and its range. */
export function checkSubscription(handler: unknown, options: AnyOptions): CheckedSubscription {
  knownOptions(options, SUBSCRIBE);
  const { priority = 0, filter, transform, once = false, signal, owner, weak = false } = options;
  if (typeof handler !== 'function') refuse('handler', handler, 'a function');
  if (typeof priority !== 'number' || Number.isNaN(priority)) refuse('priority', priority, 'a number');
  if (owner !== undefined && !isObject(owner) && (typeof owner !== 'string' || owner === '')) {
    refuse('owner', owner, 'an object or a text of at least one character');
  }
  if (weak && !isObject(owner)) refuse('owner', owner, 'an object, because the subscription is weak');
  return { priority, filter, transform, once, signal, owner, weak, retry: retryRuleOf(options, refuse) };
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function refuse(name: string, value: unknown, range: string): never {
  const shown = typeof value === 'number' || value === undefined ? `${value}` : `of type ${typeof value}`;
  throw new InvalidOptionError(`Subscription option ${name} is ${shown}; it must be ${range}.`);
}
