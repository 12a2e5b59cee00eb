import { rowOf, slabOf } from '../../events/slab.js';
import { MAX_TICKETS } from '../../lanes/limits.js';
import type { NameEntry } from '../sequence/directory.js';
import type { HubSlab } from '../sequence/hub-slab.js';
import type { SlabPool } from '../sequence/slab-pool.js';

interface Sending {
  readonly ticket: number;
  readonly rows: Uint32Array;
  /** Rows of it that are not answered and were not taken back. */
  left: number;
}

/** Numbers for sendings, one after the other for all lanes. */
export class Tickets {
  #last = 0;

  next(): number {
    this.#last = (this.#last % MAX_TICKETS) + 1;
    return this.#last;
  }
}

/**
 * The rows that a lane was sent and has not answered. Each bears the number of its sending in `Slab.claim`:
 * positive until the lane begins it, negative from then on.
 */
export class SentRows {
  readonly #pool: SlabPool;
  /** Oldest first. */
  readonly #sendings = new Map<number, Sending>();
  #last: Sending | undefined;
  #count = 0;

  constructor(pool: SlabPool) {
    this.#pool = pool;
  }

  get count(): number {
    return this.#count;
  }

  /** Number of the oldest sending that has a row which the lane has not begun. */
  get oldestUnbegun(): number | undefined {
    for (const { ticket, rows } of this.#sendings.values()) {
      if (rows.some((reference) => this.#claimOf(reference) === ticket)) return ticket;
    }
    return undefined;
  }

  /** Puts the sending's number on its rows. */
  send(ticket: number, rows: Uint32Array): void {
    for (const reference of rows) this.#slab(reference).claim[rowOf(reference)] = ticket;
    this.#sendings.set(ticket, { ticket, rows, left: rows.length });
    this.#count += rows.length;
  }

  /** The lane has answered for a row. */
  answered(reference: number): void {
    const { claim } = this.#slab(reference);
    const row = rowOf(reference);
    this.#settle(-(claim[row] as number));
    claim[row] = 0;
  }

  /** Rows without an answer, in the order in which they were sent. */
  get unanswered(): number[] {
    return this.#select((claim, ticket) => Math.abs(claim) === ticket);
  }

  /** Those of them that the lane has begun. */
  get begun(): number[] {
    return this.#select((claim, ticket) => claim === -ticket);
  }

  /**
   * Takes back what the lane has not begun. Rows of a key are begun in their order and taken back from their end, so
   * that what the lane keeps of a key always comes before what it gives back.
   *
   * @returns row references in the order in which they were sent.
   */
  takeBack(ofKey: (key: NameEntry) => boolean): number[] {
    const taken: number[] = [];
    for (const { ticket, rows } of [...this.#sendings.values()].reverse()) {
      for (let index = rows.length - 1; index >= 0; index--) {
        const reference = rows[index] as number;
        if (this.#claimOf(reference) !== ticket) continue;
        const { claim, keys } = this.#slab(reference);
        const row = rowOf(reference);
        if (!ofKey(keys[row] as NameEntry)) continue;
        if (Atomics.compareExchange(claim, row, ticket, 0) !== ticket) continue;
        this.#settle(ticket);
        taken.push(reference);
      }
    }
    return taken.reverse();
  }

  /** The lane is dead: nobody answers for its rows any more. Returns them in the order in which they were sent. */
  takeAll(): number[] {
    const rows = this.unanswered;
    for (const reference of rows) this.#slab(reference).claim[rowOf(reference)] = 0;
    this.#sendings.clear();
    this.#last = undefined;
    this.#count = 0;
    return rows;
  }

  #settle(ticket: number): void {
    if (this.#last?.ticket !== ticket) this.#last = this.#sendings.get(ticket);
    const sending = this.#last;
    if (!sending) return;
    this.#count--;
    sending.left--;
    if (sending.left > 0) return;
    this.#sendings.delete(ticket);
    this.#last = undefined;
  }

  #select(matches: (claim: number, ticket: number) => boolean): number[] {
    const selected: number[] = [];
    for (const { ticket, rows } of this.#sendings.values()) {
      for (const reference of rows) {
        if (matches(this.#claimOf(reference), ticket)) selected.push(reference);
      }
    }
    return selected;
  }

  /** A row that was answered may have outlived its slab. */
  #claimOf(reference: number): number {
    return this.#pool.slabs[slabOf(reference)]?.claim[rowOf(reference)] ?? 0;
  }

  #slab(reference: number): HubSlab {
    return this.#pool.slabs[slabOf(reference)] as HubSlab;
  }
}
