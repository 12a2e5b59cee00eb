import type { Receipt } from '../options.js';

/** Someone who waits for an event to come so far. */
interface Waiter {
  readonly receipt: Receipt;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: Error) => void;
}

/** Who waits for which position. Commit order is position order, so durable waiters stand in one line. */
export class Receipts {
  #durable: Waiter[] = [];
  #firstDurable = 0;
  readonly #handled = new Map<number, Waiter>();
  /** Handled, but the transaction that says so is not committed yet. */
  #settling: Waiter[] = [];
  /** Handled, and the transaction that says so is on its way. */
  readonly #inTransit = new Set<readonly Waiter[]>();
  /** Why nobody need wait here any more. */
  #refusal: Error | undefined;

  untilDurable(receipt: Receipt): Promise<Receipt> {
    if (this.#refusal) return Promise.reject(this.#refusal);
    return new Promise((resolve, reject) => {
      this.#durable.push({ receipt, resolve, reject });
    });
  }

  untilHandled(receipt: Receipt): Promise<Receipt> {
    if (this.#refusal) return Promise.reject(this.#refusal);
    return new Promise((resolve, reject) => {
      this.#handled.set(receipt.position, { receipt, resolve, reject });
    });
  }

  /** Everything up to `position` is durable. */
  durable(position: number): void {
    let next = this.#durable[this.#firstDurable];
    while (next && next.receipt.position <= position) {
      next.resolve(next.receipt);
      next = this.#durable[++this.#firstDurable];
    }
    if (this.#firstDurable === this.#durable.length) this.#durable = [];
    else if (this.#firstDurable < 1024) return;
    else this.#durable = this.#durable.slice(this.#firstDurable);
    this.#firstDurable = 0;
  }

  /** The event at `position` is handled; its waiter hears of it when that is committed. */
  handled(position: number): void {
    if (this.#handled.size === 0) return;
    const waiter = this.#handled.get(position);
    if (!waiter) return;
    this.#handled.delete(position);
    this.#settling.push(waiter);
  }

  /** Whether somebody waits for the event at `position` to be handled. */
  isAwaited(position: number): boolean {
    return this.#handled.has(position);
  }

  /** The event at `position` needs no handler, and is committed. */
  passed(position: number): void {
    const waiter = this.#handled.get(position);
    if (!waiter) return;
    this.#handled.delete(position);
    waiter.resolve(waiter.receipt);
  }

  /** The waiters whose event's progress goes into the transaction that is being sent. */
  takeSettling(): () => void {
    const waiters = this.#settling;
    if (waiters.length === 0) return () => {};
    this.#settling = [];
    this.#inTransit.add(waiters);
    return () => {
      this.#inTransit.delete(waiters);
      for (const { resolve, receipt } of waiters) resolve(receipt);
    };
  }

  /** The event at `position` will not be handled now. */
  failed(position: number, error: Error): void {
    const waiter = this.#handled.get(position);
    if (!waiter) return;
    this.#handled.delete(position);
    waiter.reject(error);
  }

  /** Nobody will hear anything better, nor will those who come later. */
  rejectAll(error: Error): void {
    this.#refusal = error;
    const waiters = [
      ...this.#durable.slice(this.#firstDurable),
      ...this.#handled.values(),
      ...this.#settling,
      ...[...this.#inTransit].flat(),
    ];
    this.#durable = [];
    this.#firstDurable = 0;
    this.#handled.clear();
    this.#settling = [];
    this.#inTransit.clear();
    for (const { reject } of waiters) reject(error);
  }
}
