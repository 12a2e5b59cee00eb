import { optionNames, takeOptions } from '../events/known-options.js';
import type { EventRegistry } from '../events/registry.js';
import { outside, staying } from '../kernel/async-context.js';
import { isStorable } from '../kernel/check.js';
import { InvalidOptionError, TooManySubscriptionsError, UnknownEventTypeError } from '../kernel/errors.js';
import type { RetryRule } from '../kernel/retry-rule.js';
import { shown } from '../kernel/thrown.js';
import { MAX_NAME_BYTES, MAX_SUBSCRIPTIONS } from '../limits.js';
import { checkSubscription } from '../publisher/subscription-options.js';
import { topicOfPattern } from '../publisher/topic.js';
import { type BusHandler, type BusSubscribeOptions, checkTimeout } from './options.js';

const SUBSCRIBE = optionNames<BusSubscribeOptions>('bus.subscribe', {
  name: true,
  priority: true,
  retries: true,
  retryDelayMs: true,
  maxRetryDelayMs: true,
  jitter: true,
  timeoutMs: true,
});

/** A subscriber of the main thread. */
export interface Subscriber {
  readonly id: string;
  readonly name: string;
  readonly priority: number;
  readonly retry: RetryRule;
  /** Milliseconds a call may take; undefined for as long as it likes. */
  readonly timeoutMs: number | undefined;
  readonly types: ReadonlySet<string>;
  readonly handle: BusHandler<never, never>;
}

/**
 * Who on a bus hears of which event type. Subscribers are called in nobody's async context, and what waits for the bus is
 * refused inside them: they are what it waits for.
 */
export class Subscribers {
  readonly #registry: EventRegistry;
  readonly #byId = new Map<string, Subscriber>();
  /** Subscribers by type in calling order, made when a type is first met and dropped on any change. */
  readonly #byType = new Map<string, readonly Subscriber[]>();
  readonly #timeoutMs: number | undefined;
  #lastId = 0;

  /** @param timeoutMs of the subscribers that set none. */
  constructor(registry: EventRegistry, timeoutMs: number | undefined) {
    this.#registry = registry;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Adds a subscriber and returns its id.
   *
   * @param pattern an event type's name, or a pattern as `subscribePattern` takes it.
   * @throws UnknownEventTypeError, InvalidOptionError, TooManySubscriptionsError
   */
  add(pattern: string, handle: BusHandler<never, never>, given: BusSubscribeOptions): string {
    const { name, timeoutMs = this.#timeoutMs, ...options } = takeOptions(given, SUBSCRIBE);
    const { priority, retry } = checkSubscription(handle, options);
    checkTimeout('timeoutMs', timeoutMs);
    if (this.#byId.size >= MAX_SUBSCRIPTIONS) {
      throw new TooManySubscriptionsError(
        `The bus has ${MAX_SUBSCRIPTIONS} subscriptions already, so somebody forgets to end theirs with unsubscribe.`,
      );
    }
    const types = this.#typesOf(pattern);
    const id = `subscription-${++this.#lastId}`;
    const own = nameOf(name ?? (handle.name || id));
    const waited = staying(this, `the subscriber '${own}' of '${pattern}'`, handle);
    const called: BusHandler<never, never> = (event, context) =>
      outside(() => waited.call(undefined, event, context));
    this.#byId.set(id, { id, name: own, priority, retry, timeoutMs, types, handle: called });
    this.#byType.clear();
    return id;
  }

  /** Whether there was such a subscription; its subscriber is never called again. */
  remove(id: string): boolean {
    this.#byType.clear();
    return this.#byId.delete(id);
  }

  has(subscriber: Subscriber): boolean {
    return this.#byId.has(subscriber.id);
  }

  /** Who hears of a type: higher priorities first, equal ones in order of subscription. */
  of(type: string): readonly Subscriber[] {
    let subscribers = this.#byType.get(type);
    if (!subscribers) {
      subscribers = [...this.#byId.values()]
        .filter(({ types }) => types.has(type))
        // Array.prototype.sort is stable. No difference, because infinity less infinity is no number.
        .sort((a, b) => (a.priority === b.priority ? 0 : a.priority < b.priority ? 1 : -1));
      this.#byType.set(type, subscribers);
    }
    return subscribers;
  }

  /** A pattern that can match nothing is a typing error that nobody would ever hear of. */
  #typesOf(pattern: string): ReadonlySet<string> {
    if (typeof pattern !== 'string' || !pattern.includes('*')) {
      return new Set([this.#registry.get(pattern).type]);
    }
    const topic = topicOfPattern(pattern);
    const names = this.#registry.types.map(({ type }) => type).filter((type) => topic.includes(type));
    if (names.length > 0) return new Set(names);
    throw new UnknownEventTypeError(
      `No registered event type matches '${pattern}'. '*' stands for any text within one segment of a name, '**' for all segments.`,
      { details: { pattern } },
    );
  }
}

/** The log keeps it with what the subscriber has processed. */
function nameOf(name: unknown): string {
  if (isStorable(name, MAX_NAME_BYTES)) return name;
  throw new InvalidOptionError(
    `Subscription option name is ${shown(name)}; it, or the function's name in its place, must be a text of 1 to ${MAX_NAME_BYTES} bytes in UTF-8, without half characters.`,
  );
}
