import { rowOf, slabOf } from '../events/slab.js';
import { Ring } from '../kernel/ring.js';
import {
  BATCHES_IN_FLIGHT,
  FIRST_LANE_BATCH,
  KEY_VISIT,
  LANE_BATCH_MILLISECONDS,
  MAX_LANE_BATCH,
} from '../limits.js';
import { KeyPlace, type KeyState, NO_LANE, NO_ROW } from './key-state.js';
import { MAILBOX_ROWS, ROWS_BEHIND_WAITING, WAITING_SHARE } from './limits.js';
import { type AnsweredWork, type Lane, newLane } from './scheduled-lane.js';

/** The main thread's columns of a slab that the scheduler reads and writes. */
export interface ScheduledSlab {
  readonly position: Float64Array;
  /** The next row of the same key's queue, or `NO_ROW`. */
  readonly next: Float64Array;
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
  readonly #waitingRows: number;
  #queued = 0;
  /** Lanes that take work; what waits is shared out among them. */
  openLanes = 1;
  /** The lane that each free key was on last, when it is to go to another one each time. */
  readonly #lastLanes: WeakMap<KeyState, number> | undefined;

  /**
   * @param concurrency events whose handlers may overlap on a lane.
   * @param movesKeys whether a free key goes to another lane than the one that it was on: what handlers keep on their
   * thread is missed there, which a test wants to see.
   */
  constructor(slabs: readonly (ScheduledSlab | undefined)[], concurrency = 1, movesKeys = false) {
    this.#slabs = slabs;
    this.#lastLanes = movesKeys ? new WeakMap() : undefined;
    this.#waitingRows = Math.max(MAILBOX_ROWS, concurrency);
  }

  /** Events that wait for a lane, those of waiting and parked keys left out. */
  get queued(): number {
    return this.#queued;
  }

  /** Whether a lane has a batch in its mailbox. */
  hasMail(lane: number): boolean {
    return this.#lane(lane).batches > 0;
  }

  /** Puts an event at the end of its key's queue. */
  enqueue(reference: number, key: KeyState): void {
    this.#append(reference, key);
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
    own.waits = 0;
  }

  answered(lane: number, { passed, events, waiting, busy, elapsed }: AnsweredWork): void {
    const own = this.#lane(lane);
    own.batches -= passed;
    if (events + waiting === 0) return;
    own.waits = own.waits * 0.75 + 0.25 * Math.min(1, waiting / Math.max(1, events));
    if (events === 0) return;
    own.pace = own.pace * 0.75 + 0.25 * Math.min(elapsed / events, LANE_BATCH_MILLISECONDS);
    const cost = busy / events;
    // A rising cost is believed sooner than a falling one, so that slow work is spread early.
    const weight = own.cost === undefined ? 1 : cost > own.cost ? 0.5 : 0.25;
    own.cost = (own.cost ?? 0) * (1 - weight) + cost * weight;
  }

  /** An event of the key came back finished. */
  finished(key: KeyState): void {
    key.inFlight--;
    key.waits = false;
    if (key.inFlight === 0) this.#release(key);
    else if (key.stalled) {
      key.stalled = false;
      if (key.place === KeyPlace.Bound) this.#lane(key.lane).bound.push(key);
    }
  }

  /**
   * Rows in the order of their sending that a lane has given back unbegun, to be taken by any lane that may; `keyOf`
   * knows their keys, of which none waits or is parked.
   */
  givenBack(rows: readonly number[], keyOf: (reference: number) => KeyState): void {
    const keys = new Set<KeyState>();
    for (const reference of rows) {
      const key = keyOf(reference);
      key.inFlight--;
      key.returned ??= [];
      key.returned.push(reference);
      keys.add(key);
    }
    // They are the oldest events there are; the first of them comes to stand first.
    for (const key of [...keys].reverse()) {
      if (key.inFlight === 0) {
        key.lane = NO_LANE;
        key.stalled = false;
      }
      this.#queued += this.#putBack(key);
      if (key.inFlight === 0) this.#offerFirst(key);
      else if (key.place === KeyPlace.Idle) this.#bind(key);
    }
  }

  /** An event of the key came back unfinished: it will run again, before everything that is queued. */
  returned(key: KeyState, reference: number): void {
    key.inFlight--;
    key.waits = false;
    key.returned ??= [];
    key.returned.push(reference);
    if (key.place !== KeyPlace.Waiting && key.place !== KeyPlace.Parked) {
      // Until the failed event is settled nothing of the key is offered.
      if (key.place !== KeyPlace.Idle) this.#queued -= key.queued;
      key.place = KeyPlace.Waiting;
    }
    if (key.inFlight === 0) this.#release(key);
  }

  /** An event of the key came back and will not run as it is: it is gone. */
  gone(key: KeyState): void {
    this.finished(key);
  }

  /** Takes some rows at the end of a key's queue out of it. Returns them in order. */
  takeOut(key: KeyState, isOut: (reference: number) => boolean): number[] {
    const kept: number[] = [];
    const out: number[] = [];
    const { queued } = key;
    while (key.head !== NO_ROW) {
      (isOut(key.head) ? out : kept).push(key.head);
      this.#advance(key);
    }
    for (const reference of kept) this.#append(reference, key);
    if (key.place === KeyPlace.Waiting || key.place === KeyPlace.Parked) return out;
    this.#queued -= queued - key.queued;
    if (key.queued === 0) key.place = KeyPlace.Idle;
    return out;
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

  /**
   * Puts the failed event of a waiting key before all others of it. What came back stands in the order of positions, and
   * an event that is tried again out of its order may have a lower one.
   */
  putFirst(key: KeyState, reference: number): void {
    if (key.head === reference) return;
    let before = key.head;
    while (before !== NO_ROW && this.#nextOf(before) !== reference) before = this.#nextOf(before);
    if (before === NO_ROW) return;
    this.#link(before, this.#nextOf(reference));
    if (key.tail === reference) key.tail = before;
    this.#link(reference, key.head);
    key.head = reference;
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

  #append(reference: number, key: KeyState): void {
    this.#link(reference, NO_ROW);
    if (key.tail === NO_ROW) key.head = reference;
    else this.#link(key.tail, reference);
    key.tail = reference;
    key.queued++;
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
    this.#lanes[lane] ??= newLane();
    return this.#lanes[lane];
  }

  #release(key: KeyState): void {
    key.lane = NO_LANE;
    key.stalled = false;
    this.#putBack(key);
    if (key.place !== KeyPlace.Bound) return;
    if (this.#isHot(key)) this.#offerFirst(key);
    else this.#offer(key);
  }

  #putBack(key: KeyState): number {
    const rows = key.returned;
    if (!rows) return 0;
    key.returned = undefined;
    rows.sort((a, b) => this.#positionOf(b) - this.#positionOf(a));
    for (const reference of rows) {
      this.#link(reference, key.head);
      key.head = reference;
      if (key.tail === NO_ROW) key.tail = reference;
      key.queued++;
    }
    return rows.length;
  }

  /** The free key with the oldest event: bound to this lane, or ready for any. */
  #next(own: Lane, lane: number): KeyState | undefined {
    let bound = own.bound.peek();
    // Entries of keys that were released meanwhile are left in the ring and passed over here.
    while (bound && (bound.place !== KeyPlace.Bound || bound.lane !== lane || stalls(bound))) {
      own.bound.shift();
      bound = own.bound.peek();
    }
    let ready = this.#ready.peek();
    while (ready && ready.place !== KeyPlace.Ready) {
      this.#ready.shift();
      ready = this.#ready.peek();
    }
    if (ready && this.#lastLanes && this.openLanes > 1 && this.#lastLanes.get(ready) === lane)
      ready = undefined;
    if (!bound) return ready && this.#ready.shift();
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
    const most = key.waits ? ROWS_BEHIND_WAITING - key.inFlight : KEY_VISIT;
    const end = Math.min(rows.length, from + most);
    while (count < end && key.head !== NO_ROW) {
      rows[count++] = key.head;
      this.#advance(key);
    }
    key.inFlight += count - from;
    this.#queued -= count - from;
    key.lane = lane;
    this.#lastLanes?.set(key, lane);
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
    // Where most events wait, a batch is what the lane gets through in that time, and at least what it can begin.
    const most =
      own.waits > WAITING_SHARE
        ? Math.max(this.#waitingRows, Math.ceil(LANE_BATCH_MILLISECONDS / Math.max(own.pace, 1e-4)))
        : MAX_LANE_BATCH;
    return Math.max(1, Math.min(worth, share, most, MAX_LANE_BATCH));
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

  #nextOf(reference: number): number {
    return (this.#slabs[slabOf(reference)] as ScheduledSlab).next[rowOf(reference)] as number;
  }

  #positionOf(reference: number): number {
    return (this.#slabs[slabOf(reference)] as ScheduledSlab).position[rowOf(reference)] as number;
  }
}

/** Whether a key's lane has enough of it for now; noted, so that it is offered again. */
function stalls(key: KeyState): boolean {
  key.stalled = key.waits && key.inFlight >= ROWS_BEHIND_WAITING;
  return key.stalled;
}
