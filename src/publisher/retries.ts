import { MAX_SUBSCRIBER_RETRIES } from '../limits.js';
import type { RetryRule } from './subscription-options.js';

/** How subscribers wait; the engine's simulation has virtual timers. */
export interface RetryTimers {
  set(callback: () => void, milliseconds: number): unknown;
  clear(timer: unknown): void;
}

/** Node's own. */
export const RETRY_TIMERS: RetryTimers = {
  set: (callback, milliseconds) => setTimeout(callback, milliseconds),
  clear: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
};

interface Waiting {
  readonly timer: unknown;
  readonly giveUp: () => void;
}

/** Failed tries that wait to be tried again, by subscriber. */
export class Retries {
  readonly #timers: RetryTimers;
  readonly #waiting = new Map<object, Set<Waiting>>();
  #count = 0;

  constructor(timers: RetryTimers) {
    this.#timers = timers;
  }

  get isFull(): boolean {
    return this.#count >= MAX_SUBSCRIBER_RETRIES;
  }

  /** Calls `again` after the pause that follows the given number of tries, or `giveUp` if that comes before. */
  add(subscriber: object, rule: RetryRule, tries: number, again: () => void, giveUp: () => void): void {
    const own = this.#waiting.get(subscriber) ?? new Set();
    const timer = this.#timers.set(
      () => {
        own.delete(waiting);
        this.#count--;
        if (own.size === 0) this.#waiting.delete(subscriber);
        again();
      },
      pauseAfter(tries, rule),
    );
    const waiting: Waiting = { timer, giveUp };
    own.add(waiting);
    this.#count++;
    this.#waiting.set(subscriber, own);
  }

  /** Waits no longer for any retry of the subscriber. */
  giveUp(subscriber: object): void {
    const own = this.#waiting.get(subscriber);
    if (!own) return;
    this.#waiting.delete(subscriber);
    this.#count -= own.size;
    for (const { timer } of own) this.#timers.clear(timer);
    for (const { giveUp } of own) giveUp();
  }
}

/** Milliseconds to wait after so many tries: exponential, capped, and shortened by chance. */
export function pauseAfter(tries: number, { retryDelayMs, maxRetryDelayMs, jitter }: RetryRule): number {
  const pause = Math.min(retryDelayMs * 2 ** (tries - 1), maxRetryDelayMs);
  return jitter === 0 ? pause : pause * (1 - jitter * Math.random());
}
