import { makeOrder, type Order } from '../../dist/support/events.js';
import { keyNames } from '../../dist/support/keys.js';
import { check } from '../../dist/support/sample.js';

/** What a peer is told: how many events, after how many to warm up. */
export interface PeerRun {
  readonly events: number;
  readonly warmup: number;
}

/** Events of one stream that are appended by one call: what makes Emmett and Act fast. */
export const EVENTS_PER_APPEND = 100;

export const STREAMS = 1000;

/** Events that belong to one stream and are published together. */
export interface Batch {
  readonly stream: string;
  readonly orders: readonly Order[];
}

/** The same events for everybody: a hundred of one stream, then a hundred of the next. Made while they are published. */
export function* batches(first: number, count: number, prefix = 'order'): Generator<Batch> {
  const names = keyNames({ kind: 'uniform', keys: STREAMS }, prefix);
  for (let from = 0; from < count; from += EVENTS_PER_APPEND) {
    const stream = names[(from / EVENTS_PER_APPEND) % STREAMS] as string;
    const length = Math.min(EVENTS_PER_APPEND, count - from);
    yield { stream, orders: Array.from({ length }, (_, index) => makeOrder(stream, first + from + index)) };
  }
}

/** Counts how often a handler has seen each event. */
export class Tally {
  readonly #seen: Uint8Array;
  #handled = 0;
  #wanted = Number.POSITIVE_INFINITY;
  #reached: (() => void) | undefined;

  constructor(total: number) {
    this.#seen = new Uint8Array(total);
  }

  readonly see = ({ sequence }: Order): void => {
    this.#seen[sequence] = (this.#seen[sequence] as number) + 1;
    if (++this.#handled >= this.#wanted) this.#reached?.();
  };

  /** Resolves when `count` events in all have been handled. */
  async reach(count: number): Promise<void> {
    if (this.#handled >= count) return;
    this.#wanted = count;
    await new Promise<void>((resolve) => {
      this.#reached = resolve;
    });
  }

  /** @throws unless every event was seen exactly once. */
  verify(): void {
    check('the number of handled events', this.#handled, this.#seen.length);
    check(
      'the number of events seen once',
      this.#seen.filter((times) => times === 1).length,
      this.#seen.length,
    );
  }
}
