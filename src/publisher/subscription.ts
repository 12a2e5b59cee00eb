import type { Subscriber } from './subscriber.js';
import type { SubscriptionOwner } from './subscription-options.js';

/** A handler that hears events, and what it has been doing. Dispose it, or call `unsubscribe`, to end it. */
export class Subscription implements Disposable {
  readonly #subscriber: Subscriber;
  readonly #end: (subscriber: Subscriber) => void;

  /** @internal */
  constructor(subscriber: Subscriber, end: (subscriber: Subscriber) => void) {
    this.#subscriber = subscriber;
    this.#end = end;
  }

  /** 1-based number of the subscription in its publisher or engine. */
  get id(): number {
    return this.#subscriber.id;
  }

  /** The event type, the pattern, or `**` for all types. */
  get topic(): string {
    return this.#subscriber.topic.name;
  }

  get priority(): number {
    return this.#subscriber.priority;
  }

  /** Whose it is; undefined without an owner, once it has ended, and when a weakly held owner is gone. */
  get owner(): SubscriptionOwner | undefined {
    return this.#subscriber.owner;
  }

  /** Whether it hears new events. */
  get isActive(): boolean {
    return this.#subscriber.isActive;
  }

  /** Unix epoch milliseconds. */
  get registeredAt(): number {
    return this.#subscriber.registeredAt;
  }

  /** Times that the handler was called, retries included. */
  get calls(): number {
    return this.#subscriber.calls;
  }

  /** Times that the handler, the filter or the transform failed. */
  get errors(): number {
    return this.#subscriber.errors;
  }

  /** Unix epoch milliseconds of the last call, a few milliseconds exact; undefined before the first one. */
  get lastCalledAt(): number | undefined {
    return this.#subscriber.lastCalledAt;
  }

  /**
   * Mean time of a call in microseconds, until it returned or its promise was settled; undefined before the first
   * one. The first 16 calls and those of every 1,024th event are measured, because a clock costs more than most handlers.
   */
  get meanMicros(): number | undefined {
    return this.#subscriber.meanMicros;
  }

  /**
   * Hears nothing more, not even of the event that is being delivered. A call under way goes on; a retry that
   * waits is given up, and its failure reported. Does nothing the second time.
   */
  unsubscribe(): void {
    this.#end(this.#subscriber);
  }

  [Symbol.dispose](): void {
    this.unsubscribe();
  }
}
