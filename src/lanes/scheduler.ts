import { rowOf, slabOf } from '../events/slab.js';
import {
  BATCHES_IN_FLIGHT,
  FIRST_LANE_BATCH,
  KEY_VISIT,
  LANE_BATCH_MILLISECONDS,
  MAX_LANE_BATCH,
} from '../limits.js';
import { KeyPlace, type KeyState, NO_LANE, NO_ROW } from './key-state.js';
import { Ring } from './ring.js';

/** The main thread's columns of a slab that the scheduler reads and writes. */
export interface ScheduledSlab {
  readonly position: Float64Array;
  /** The next row of the same key's queue, or `NO_ROW`. */
  readonly next: Float64Array;
}

interface Lane {
  readonly bound: Ring<KeyState>;
  /** Batches sent and not answered. */
  batches: number;
  /** Measured milliseconds per event; undefined before the first answer. */
  cost: number | undefined;
}

/**
 * Decides which lane runs which event, and when.
 *
 * Lanes pull: a key with queued events and none in flight stands in one ready queue for all lanes, so an idle
 * lane takes whatever waits. Once a lane has taken a key, the key is bound to it while anything of it is in
 * flight; that is the whole of the ordering rule. Among its bound keys and the ready ones a lane takes the one
 * whose oldest event has the lowest position, but a bound key with a lane's share of all that waits comes first.
 */
export class LaneScheduler {
  readonly #slabs: readonly (ScheduledSlab | undefined)[];
  readonly #lanes: Lane[] = [];
  readonly #ready = new Ring<KeyState>();
  #queued = 0;
  /** Lanes that take work; what waits is shared out among them. */
  openLanes = 1;

  constructor(slabs: readonly (ScheduledSlab | undefined)[]) {
    this.#slabs = slabs;
  }

  /** Events that wait for a lane, those of waiting and parked keys left out. */
  get queued(): number {
    return this.#queued;
  }

  /** Puts an event at the end of its key's queue. */
  enqueue(reference: number, key: KeyState): void {
    this.#link(reference, NO_ROW);
    if (key.tail === NO_ROW) key.head = reference;
    else this.#link(key.tail, reference);
    key.tail = reference;
    key.queued++;
    if (key.place === KeyPlace.Waiting) return;
    this.#queued++;
    if (key.place !== KeyPlace.Idle) return;
    if (key.inFlight === 0) this.#offer(key);
    else this.#bind(key);
  }

  /** Takes the next batch for a lane, or nothing when the lane is full or no key is free. */
  take(lane: number): Uint32Array | undefined {
    const own = this.#lane(lane);
    if (this.#queued === 0 || own.batches >= BATCHES_IN_FLIGHT) return undefined;
    const rows = new Uint32Array(this.#budget(own));
    let count = 0;
    while (count < rows.length) {
      const key = this.#next(own, lane);
      if (!key) break;
      count = this.#takeFrom(key, lane, rows, count);
    }
    if (count === 0) return undefined;
    own.batches++;
    return count === rows.length ? rows : rows.slice(0, count);
  }

  /** Takes the first event of a waiting key alone; the others of the key go on waiting. */
  takeHead(key: KeyState, lane: number): Uint32Array {
    const rows = new Uint32Array([key.head]);
    this.#advance(key);
    key.inFlight++;
    key.lane = lane;
    this.#lane(lane).batches++;
    return rows;
  }

  /** The lane died or was given up: its batches are answered by nobody, and its successor is a stranger. */
  lost(lane: number): void {
    const own = this.#lane(lane);
    own.batches = 0;
    own.cost = undefined;
  }

  /** Notes a batch's answer; `milliseconds` of work for `count` events. */
  answered(lane: number, count: number, milliseconds: number): void {
    const own = this.#lane(lane);
    own.batches--;
    if (count === 0) return;
    const cost = milliseconds / count;
    // A rising cost is believed sooner than a falling one, so that slow work is spread early.
    const weight = own.cost === undefined ? 1 : cost > own.cost ? 0.5 : 0.25;
    own.cost = (own.cost ?? 0) * (1 - weight) + cost * weight;
  }

  /** An event of the key came back finished. */
  finished(key: KeyState): void {
    key.inFlight--;
    if (key.inFlight === 0) this.#release(key);
  }

  /** An event of the key came back unfinished: it will run again, before everything that is queued. */
  returned(key: KeyState, reference: number): void {
    key.inFlight--;
    key.returned ??= [];
    key.returned.push(reference);
    if (key.place !== KeyPlace.Waiting && key.place !== KeyPlace.Parked) {
      // Until the failed event is settled nothing of the key is offered.
      if (key.place !== KeyPlace.Idle) this.#queued -= key.queued;
      key.place = KeyPlace.Waiting;
    }
    if (key.inFlight === 0) this.#release(key);
  }

  /** Whether the key waits and has nothing in flight: its failed event may be retried or given up. */
  isSettled(key: KeyState): boolean {
    return key.place === KeyPlace.Waiting && key.inFlight === 0;
  }

  /** Offers a waiting key again. */
  resume(key: KeyState): void {
    key.place = KeyPlace.Idle;
    this.#queued += key.queued;
    if (key.queued > 0) this.#offer(key);
  }

  /** Takes the first event out of a waiting key's queue: it was skipped. */
  dropHead(key: KeyState): number {
    const reference = key.head;
    this.#advance(key);
    return reference;
  }

  /** Lets a parked key take events again; its queue is empty. */
  unpark(key: KeyState): void {
    key.place = KeyPlace.Idle;
  }

  /** Takes everything out of a waiting key's queue and parks it. Returns the rows in order. */
  park(key: KeyState): number[] {
    const rows: number[] = [];
    while (key.head !== NO_ROW) rows.push(this.dropHead(key));
    key.place = KeyPlace.Parked;
    return rows;
  }

  #offer(key: KeyState): void {
    key.place = KeyPlace.Ready;
    this.#ready.push(key);
  }

  #offerFirst(key: KeyState): void {
    key.place = KeyPlace.Ready;
    this.#ready.unshift(key);
  }

  #bind(key: KeyState): void {
    key.place = KeyPlace.Bound;
    this.#lane(key.lane).bound.push(key);
  }

  #lane(lane: number): Lane {
    this.#lanes[lane] ??= { bound: new Ring(), batches: 0, cost: undefined };
    return this.#lanes[lane];
  }

  #release(key: KeyState): void {
    key.lane = NO_LANE;
    if (key.returned) this.#putBack(key, key.returned);
    if (key.place !== KeyPlace.Bound) return;
    if (this.#isHot(key)) this.#offerFirst(key);
    else this.#offer(key);
  }

  #putBack(key: KeyState, rows: number[]): void {
    key.returned = undefined;
    rows.sort((a, b) => this.#positionOf(b) - this.#positionOf(a));
    for (const reference of rows) {
      this.#link(reference, key.head);
      key.head = reference;
      if (key.tail === NO_ROW) key.tail = reference;
      key.queued++;
    }
  }

  /** The free key with the oldest event: bound to this lane, or ready for any. */
  #next(own: Lane, lane: number): KeyState | undefined {
    let bound = own.bound.peek();
    // Entries of keys that were released meanwhile are left in the ring and passed over here.
    while (bound && (bound.place !== KeyPlace.Bound || bound.lane !== lane)) {
      own.bound.shift();
      bound = own.bound.peek();
    }
    let ready = this.#ready.peek();
    while (ready && ready.place !== KeyPlace.Ready) {
      this.#ready.shift();
      ready = this.#ready.peek();
    }
    if (!bound) return this.#ready.shift();
    if (!ready || this.#isHot(bound)) return own.bound.shift();
    return this.#positionOf(bound.head) <= this.#positionOf(ready.head)
      ? own.bound.shift()
      : this.#ready.shift();
  }

  /**
   * Whether a key holds at least a lane's share of what waits. Nothing is done sooner than all of it, and only one
   * lane at a time can work on it; the other lanes take the rest.
   */
  #isHot(key: KeyState): boolean {
    return this.openLanes > 1 && key.queued * this.openLanes >= this.#queued;
  }

  #takeFrom(key: KeyState, lane: number, rows: Uint32Array, from: number): number {
    let count = from;
    const end = Math.min(rows.length, from + KEY_VISIT);
    while (count < end && key.head !== NO_ROW) {
      rows[count++] = key.head;
      this.#advance(key);
    }
    key.inFlight += count - from;
    this.#queued -= count - from;
    key.lane = lane;
    if (key.queued === 0) key.place = KeyPlace.Idle;
    else this.#bind(key);
    return count;
  }

  /** Events for the next batch: a fair share of what waits, worth about `LANE_BATCH_MILLISECONDS` of work. */
  #budget(own: Lane): number {
    const worth =
      own.cost === undefined
        ? FIRST_LANE_BATCH
        : Math.ceil(LANE_BATCH_MILLISECONDS / Math.max(own.cost, 1e-4));
    const share = Math.ceil(this.#queued / this.openLanes);
    return Math.max(1, Math.min(worth, share, MAX_LANE_BATCH));
  }

  #advance(key: KeyState): void {
    const slab = this.#slabs[slabOf(key.head)] as ScheduledSlab;
    key.head = slab.next[rowOf(key.head)] as number;
    if (key.head === NO_ROW) key.tail = NO_ROW;
    key.queued--;
  }

  #link(reference: number, next: number): void {
    (this.#slabs[slabOf(reference)] as ScheduledSlab).next[rowOf(reference)] = next;
  }

  #positionOf(reference: number): number {
    return (this.#slabs[slabOf(reference)] as ScheduledSlab).position[rowOf(reference)] as number;
  }
}
