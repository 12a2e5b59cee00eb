import { steadyNow } from '../kernel/clock.js';
import { InvalidOptionError } from '../kernel/errors.js';
import type { RetryRule } from '../kernel/retry-rule.js';
import { isPromised } from '../kernel/thenable.js';
import { SUBSCRIBER_SAMPLES_FIRST } from '../limits.js';
import type { CheckedSubscription, SubscriptionOwner } from './subscription-options.js';
import type { Topic } from './topic.js';

export type Handle = (this: unknown, event: never, owner?: unknown) => unknown;

/** How many events of a topic were delivered. */
export interface Deliveries {
  readonly count: number;
  /** By `steadyNow`; 0 when there was none. */
  readonly last: number;
}

/** What a subscriber asks of the routes: they count for all that are called as they are. */
export interface DeliveryCounts {
  deliveriesOf(topic: Topic): Deliveries;
}

/** One subscription from the inside: what is called, and what is known of the calls. */
export class Subscriber {
  readonly id: number;
  readonly topic: Topic;
  readonly priority: number;
  readonly once: boolean;
  readonly retry: RetryRule;
  readonly signal: AbortSignal | undefined;
  /** Epoch milliseconds. */
  readonly registeredAt: number;
  /**
   * Whether the handler gets every event of the topic as it is. Then the routes know how often and when it was
   * called, and a call costs nothing but the call once it is no longer young.
   */
  readonly isPlain: boolean;
  /** Whether it hears new events. */
  isActive = true;
  /** Whether it is given up: nothing is tried again for it. */
  isEnded = false;
  errors = 0;
  #handle: Handle;
  #filter: ((event: never) => boolean) | undefined;
  #transform: ((event: never) => unknown) | undefined;
  #owner: SubscriptionOwner | undefined;
  #weakOwner: WeakRef<object> | undefined;
  readonly #routes: DeliveryCounts;
  /** Measured calls until it has grown up. */
  #youth = SUBSCRIBER_SAMPLES_FIRST;
  /** Calls that the routes do not count; all of them once it is inactive. */
  #calls = 0;
  /** What the routes had counted when it came. */
  readonly #callsBefore: number = 0;
  readonly #addedAt: number;
  /** By `steadyNow`: a wall clock that is set must not make a subscription look unused. */
  #calledAt = 0;
  #samples = 0;
  #sampledMs = 0;

  constructor(
    id: number,
    topic: Topic,
    handle: Handle,
    options: CheckedSubscription,
    routes: DeliveryCounts,
  ) {
    const { priority, filter, transform, once, signal, owner, weak, retry } = options;
    this.id = id;
    this.topic = topic;
    this.#handle = handle;
    this.priority = priority;
    this.once = once;
    this.retry = retry;
    this.signal = signal;
    this.registeredAt = Date.now();
    this.#addedAt = steadyNow();
    this.isPlain = !filter && !transform && !once && owner === undefined;
    this.#routes = routes;
    if (this.isPlain) this.#callsBefore = routes.deliveriesOf(topic).count;
    this.#filter = filter;
    this.#transform = transform;
    if (weak && owner !== undefined && typeof owner !== 'string') this.#weakOwner = new WeakRef(owner);
    else this.#owner = owner;
  }

  /** Whose it is; undefined when it has no owner, or its owner is gone. */
  get owner(): SubscriptionOwner | undefined {
    return this.#weakOwner === undefined ? this.#owner : this.#weakOwner.deref();
  }

  /** Whether it had an owner that is gone. */
  get isOrphan(): boolean {
    return this.#weakOwner !== undefined && this.#weakOwner.deref() === undefined;
  }

  get calls(): number {
    if (!this.#isCounted) return this.#calls;
    return this.#calls + this.#routes.deliveriesOf(this.topic).count - this.#callsBefore;
  }

  /** Epoch milliseconds; undefined before the first call. */
  get lastCalledAt(): number | undefined {
    // Rounded up, it is never after the wall clock of now, and never before that of the call. A hundredth is what
    // is lost of a sum of this size.
    return this.calls === 0 ? undefined : Math.ceil(Date.now() - this.idleMs - 0.01);
  }

  /** Milliseconds since the last call, or since it was added. */
  get idleMs(): number {
    return steadyNow() - (this.calls === 0 ? this.#addedAt : this.#lastMark());
  }

  #lastMark(): number {
    return this.#isCounted ? this.#routes.deliveriesOf(this.topic).last : this.#calledAt;
  }

  /** Whether its calls are measured. */
  get isYoung(): boolean {
    return this.#youth > 0;
  }

  /** What may be called as it is, if anything may. */
  get freeHandle(): Handle | undefined {
    return this.isPlain && !this.isYoung ? this.#handle : undefined;
  }

  get meanMicros(): number | undefined {
    return this.#samples === 0 ? undefined : (this.#sampledMs / this.#samples) * 1000;
  }

  /** Whether the filter lets an event through. @throws what it throws; InvalidOptionError when it is async. */
  admits(event: object): boolean {
    if (this.#filter === undefined) return true;
    const admits: unknown = this.#filter(event as never);
    if (!isPromised(admits)) return Boolean(admits);
    throw new InvalidOptionError(
      `The filter of a subscriber of '${this.topic.name}' returned a promise, which lets every event through. It must return true or false.`,
    );
  }

  /** Counts a call that the routes do not count: a plain subscriber's retry, anybody else's every call. */
  called(now: number): void {
    this.#calls++;
    this.#calledAt = now;
  }

  /** It left during a delivery before that came to it; the routes have counted it already. */
  missed(): void {
    if (this.isPlain) this.#calls--;
  }

  call(event: object): unknown {
    const handle = this.#handle;
    const value = this.#transform === undefined ? event : this.#transform(event as never);
    const { owner } = this;
    return owner === undefined ? handle(value as never) : handle.call(owner, value as never, owner);
  }

  /** A measured call begins. Returns whether that makes it grown up. */
  grow(): boolean {
    if (this.#youth === 0) return false;
    return --this.#youth === 0;
  }

  /** A measured call has ended. */
  took(milliseconds: number): void {
    this.#samples++;
    this.#sampledMs += milliseconds;
  }

  /** Hears nothing new. */
  deactivate(): void {
    const { calls } = this;
    this.#calledAt = this.#lastMark();
    this.#calls = calls;
    this.isActive = false;
  }

  /** Lets go of everything that belongs to the user, who may keep the subscription. */
  end(): void {
    this.isEnded = true;
    this.#handle = () => {};
    this.#filter = undefined;
    this.#transform = undefined;
    this.#owner = undefined;
    this.#weakOwner = undefined;
  }

  /** Whether the routes count its calls. */
  get #isCounted(): boolean {
    return this.isPlain && this.isActive;
  }
}
