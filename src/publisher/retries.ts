import { pauseAfter, type RetryRule } from '../kernel/retry-rule.js';
import type { Time } from '../kernel/time.js';
import { MAX_SUBSCRIBER_RETRIES } from '../limits.js';

interface Waiting {
  readonly timer: unknown;
  readonly giveUp: () => void;
}

/** Failed tries that wait to be tried again, by subscriber. */
export class Retries {
  readonly #time: Time;
  readonly #waiting = new Map<object, Set<Waiting>>();
  #count = 0;

  constructor(time: Time) {
    this.#time = time;
  }

  get isFull(): boolean {
    return this.#count >= MAX_SUBSCRIBER_RETRIES;
  }

  /** Calls `again` after the pause that follows the given number of tries, or `giveUp` if that comes before. */
  add(subscriber: object, rule: RetryRule, tries: number, again: () => void, giveUp: () => void): void {
    const own = this.#waiting.get(subscriber) ?? new Set();
    const timer = this.#time.set(
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
    for (const { timer } of own) this.#time.clear(timer);
    for (const { giveUp } of own) giveUp();
  }
}
