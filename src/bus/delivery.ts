import type { DomainEvent } from '../events/domain-event.js';
import { pauseAfter } from '../kernel/retry-rule.js';
import { upcastErrorOf } from '../store/decode.js';
import type { FailedRecord } from '../store/processing.js';
import { Call, type CallParts } from './call.js';
import type { Subscriber, Subscribers } from './subscribers.js';

/** What a delivery needs of the bus. */
export interface DeliveryParts extends CallParts {
  readonly subscribers: Subscribers;
  /** A try has ended; `error` is what was thrown, undefined for success. */
  tried(event: DomainEvent, subscriber: Subscriber, tried: Tried): void;
}

export interface Tried {
  readonly attempt: number;
  readonly milliseconds: number;
  readonly failed: boolean;
  /** What the subscriber threw. */
  readonly thrown: unknown;
}

/** A subscriber whose retries are used up. */
export interface Failure {
  readonly subscriber: Subscriber;
  readonly attempts: number;
  readonly thrown: unknown;
}

/** An event on its way through its subscribers: each is called until it succeeds or has no retries left. */
export class Delivery {
  readonly event: DomainEvent;
  /** The failed event that is being tried again: only by the subscribers that failed. */
  readonly previous: FailedRecord | undefined;
  readonly failures: Failure[] = [];
  firstFailedAt = 0;
  readonly #parts: DeliveryParts;
  /** Made with the first failure: most events have none. */
  #failed: Map<Subscriber, number> | undefined;
  #settled: Set<Subscriber> | undefined;

  constructor(event: DomainEvent, parts: DeliveryParts, previous?: FailedRecord) {
    this.event = event;
    this.#parts = parts;
    this.previous = previous;
  }

  /**
   * Calls the subscribers that are left, one after the other, higher priorities first. One that fails keeps no
   * other from hearing the event.
   *
   * @returns the pause in milliseconds after which some have to be called again; undefined when all is done.
   */
  async run(): Promise<number | undefined> {
    const { subscribers } = this.#parts;
    const all = subscribers.of(this.event.type);
    const withoutForm = upcastErrorOf(this.event);
    if (withoutForm) {
      this.#failAll(all, withoutForm);
      return undefined;
    }
    let pause: number | undefined;
    for (const subscriber of all) {
      if (!this.#isLeft(subscriber)) continue;
      const attempt = (this.#failed?.get(subscriber) ?? 0) + 1;
      const tried = await this.#try(subscriber, attempt);
      if (!tried.failed) {
        if (all.length > 1 || this.previous) this.#settle(subscriber);
        continue;
      }
      this.firstFailedAt ||= Date.now();
      if (attempt > subscriber.retry.retries) {
        this.failures.push({ subscriber, attempts: attempt, thrown: tried.thrown });
        this.#settle(subscriber);
      } else {
        this.#failed ??= new Map();
        this.#failed.set(subscriber, attempt);
        // The longest of several pauses: nobody is called before its own is over.
        pause = Math.max(pause ?? 0, pauseAfter(attempt, subscriber.retry));
      }
    }
    return pause;
  }

  /** Names under which the failed event failed, and nobody was called now: their subscribers are gone, perhaps meanwhile. */
  get unheard(): readonly string[] {
    if (!this.previous) return [];
    const called = [...(this.#settled ?? []), ...this.failures.map(({ subscriber }) => subscriber)];
    return this.previous.handlers.filter((name) => !called.some((subscriber) => subscriber.name === name));
  }

  /** An event that its type's `upcast` cannot bring into today's form is shown to nobody, and no pause changes that. */
  #failAll(subscribers: readonly Subscriber[], thrown: Error): void {
    this.firstFailedAt = Date.now();
    for (const subscriber of subscribers) {
      if (this.#isLeft(subscriber)) this.failures.push({ subscriber, attempts: 1, thrown });
    }
  }

  #isLeft(subscriber: Subscriber): boolean {
    if (this.#settled?.has(subscriber)) return false;
    if (this.previous && !this.previous.handlers.includes(subscriber.name)) return false;
    // It may have been unsubscribed while the ones before it ran.
    return this.#parts.subscribers.has(subscriber);
  }

  async #try(subscriber: Subscriber, attempt: number): Promise<Tried> {
    const began = performance.now();
    let failed = false;
    let thrown: unknown;
    try {
      const ended = new Call(attempt, subscriber, this.event, this.#parts).run();
      if (ended) await ended;
    } catch (error) {
      failed = true;
      thrown = error;
    }
    const tried: Tried = { attempt, milliseconds: performance.now() - began, failed, thrown };
    this.#parts.tried(this.event, subscriber, tried);
    return tried;
  }

  #settle(subscriber: Subscriber): void {
    this.#settled ??= new Set();
    this.#settled.add(subscriber);
  }
}
