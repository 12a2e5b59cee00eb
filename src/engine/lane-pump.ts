import type { Codec } from '../events/codec.js';
import { type Emission, readEmissions, type TypedShape } from '../events/emission.js';
import { encodeError, type WireError } from '../events/error-codec.js';
import { rowOf, slabOf } from '../events/slab.js';
import { KeyPlace, NO_ROW } from '../lanes/key-state.js';
import type { LaneResult } from '../lanes/protocol.js';
import type { LaneScheduler } from '../lanes/scheduler.js';
import { HANDLED_SAMPLES } from '../limits.js';
import type { Meters } from '../observe/meters.js';
import type { NameEntry } from './directory.js';
import { judged, type Refusals } from './emission-check.js';
import type { Judgement } from './judge.js';
import type { LaneCrew } from './lane-crew.js';
import type { LaneSeat, Suspect } from './lane-seat.js';
import type { HubSlab, SlabPool } from './slab-pool.js';

/** What the hub does with a lane's answer. */
export interface LaneEvents {
  readonly refusals: Refusals;
  emitted(emission: Emission, bytes: Buffer, cause: number): void;
  unknownShape(shape: TypedShape): void;
  finished(slab: HubSlab, row: number): void;
  /** A key has a failed event and nothing in flight any more. */
  settled(key: NameEntry): void;
  /** A whole answer has been dealt with. */
  answered(): void;
}

/** The failed event of a key, which may be tried again. */
export interface FailedEvent {
  readonly reference: number;
  readonly error: WireError;
  readonly handler: string;
  readonly lane: number;
}

/** Sends batches to lanes while they have room, and takes their answers apart. */
export class LanePump {
  readonly #crew: LaneCrew;
  readonly #scheduler: LaneScheduler;
  readonly #pool: SlabPool;
  readonly #codec: Codec;
  readonly #meters: Meters;
  readonly #events: LaneEvents;
  /** The failed event of each key that has one. */
  readonly failed = new Map<NameEntry, FailedEvent>();
  #stopped = false;
  #first = 0;

  constructor(
    crew: LaneCrew,
    scheduler: LaneScheduler,
    pool: SlabPool,
    codec: Codec,
    meters: Meters,
    events: LaneEvents,
  ) {
    this.#meters = meters;
    this.#crew = crew;
    this.#scheduler = scheduler;
    this.#pool = pool;
    this.#codec = codec;
    this.#events = events;
  }

  /** Gives every lane what it can take. Another lane is asked first each time, so that none is favoured. */
  pump(): void {
    const { seats } = this.#crew;
    this.#first = (this.#first + 1) % seats.length;
    let sent = true;
    while (sent && !this.#stopped) {
      sent = false;
      for (let offset = 0; offset < seats.length; offset++) {
        const seat = seats[(this.#first + offset) % seats.length];
        if (seat?.state === 'open' && this.#feed(seat)) sent = true;
      }
    }
  }

  /** A slab's memory is given up for good: no row of it is in flight, and its id is not used again soon. */
  forget(slab: HubSlab): void {
    for (const seat of this.#crew.seats) seat?.forget(slab);
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Takes back what a dead lane had: the guilty event has failed, everything else is to run again. */
  lost(seat: LaneSeat, { guilty, suspects, error }: Judgement): Suspect[] {
    const keys = new Set<NameEntry>();
    this.#scheduler.lost(seat.number);
    for (const reference of seat.sent.splice(0).flatMap((rows) => [...rows])) {
      const key = this.#keyOf(reference);
      this.#scheduler.returned(key, reference);
      keys.add(key);
    }
    // Suspects whose turn has not come yet.
    const alone = seat.suspects.splice(0).filter(({ key }) => !keys.has(key));
    const until = new Map([...suspects, ...guilty].map((reference) => [this.#keyOf(reference), reference]));
    for (const key of keys) {
      const reference = until.get(key);
      if (key.failing) this.#events.settled(key);
      else if (reference === undefined) this.#scheduler.resume(key);
      else if (guilty.includes(reference) && key.head === reference) {
        this.#fail(key, { reference, error: encodeError(error), handler: '', lane: seat.number });
        this.#events.settled(key);
      } else alone.push({ key, until: reference });
    }
    // Suspects whose turn had not come are suspects still.
    alone.push(...seat.suspects.filter(({ key }) => !keys.has(key)));
    this.#events.answered();
    return alone;
  }

  /** Sends the lane's next batch, if there is one. */
  #feed(seat: LaneSeat): boolean {
    const rows = seat.suspects.length > 0 ? this.#suspect(seat) : this.#next(seat);
    if (!rows) return false;
    this.#send(seat, rows);
    return true;
  }

  #next(seat: LaneSeat): Uint32Array | undefined {
    return seat.retiring || this.#scheduler.queued === 0 ? undefined : this.#scheduler.take(seat.number);
  }

  /** One event alone: if the lane dies of it, there is no doubt. */
  #suspect(seat: LaneSeat): Uint32Array | undefined {
    if (seat.sent.length > 0) return undefined;
    for (let next = seat.suspects[0]; next; next = seat.suspects[0]) {
      const { key } = next;
      if (key.place === KeyPlace.Waiting && key.head !== NO_ROW) {
        return this.#scheduler.takeHead(key, seat.number);
      }
      seat.suspects.shift();
    }
    return this.#next(seat);
  }

  #send(seat: LaneSeat, rows: Uint32Array): void {
    const attempts = this.failed.size === 0 ? undefined : this.#attempts(rows);
    seat.sent.push(rows);
    this.#meters.sawKey(this.#keyOf(rows[this.#crew.tasks % rows.length] as number).name, rows.length);
    this.#crew.tasks++;
    this.#crew.watch(seat);
    seat.lane.run(seat.compose(rows, this.#pool, this.#codec, attempts)).then(
      (result) => this.#take(seat, rows, result),
      (error: Error) => {
        if (!this.#stopped) this.#crew.lost(seat, error);
      },
    );
  }

  #attempts(rows: Uint32Array): Map<number, number> {
    const attempts = new Map<number, number>();
    rows.forEach((reference, index) => {
      const key = this.#keyOf(reference);
      if (this.failed.get(key)?.reference === reference) attempts.set(index, key.attempts);
    });
    return attempts;
  }

  #take(seat: LaneSeat, rows: Uint32Array, answer: LaneResult): void {
    // An answer that was on its way when the lane was given up: its events run again.
    if (this.#stopped || seat.state === 'ended') return;
    const { refusals } = this.#events;
    const result = refusals.arePossible()
      ? judged(answer, rows, refusals, (reference) => this.#keyOf(reference))
      : answer;
    const { failures, held, emitted, unknownShapes, milliseconds } = result;
    // Taken now: while the answer is dealt with the next suspect may already be sent.
    const [suspect] = seat.suspects;
    seat.sent.shift();
    seat.isFresh = false;
    for (const shape of unknownShapes) this.#events.unknownShape(shape);
    this.#scheduler.answered(seat.number, rows.length - held.length, milliseconds);
    this.#measure(seat, rows, result);
    if (emitted) this.#takeEmitted(rows, emitted, result === answer ? undefined : result);
    if (failures.length === 0 && held.length === 0) {
      for (const reference of rows) this.#finish(reference);
    } else {
      this.#takeFailures(seat, rows, result);
    }
    if (suspect) this.#acquit(seat, suspect, rows, result);
    this.#crew.answered(seat);
    this.#events.answered();
  }

  /** A few events of the batch tell how long all of them have taken. */
  #measure(seat: LaneSeat, rows: Uint32Array, { busy, types, heap }: LaneResult): void {
    this.#meters.worked(seat.number, { events: rows.length, busy, types, heap });
    const now = performance.now();
    const samples = Math.min(rows.length, HANDLED_SAMPLES);
    for (let sample = 0; sample < samples; sample++) {
      const reference = rows[Math.floor((sample * rows.length) / samples)] as number;
      const acceptedAt = this.#slab(reference).acceptedAt[rowOf(reference)] as number;
      this.#meters.handled.record(now - acceptedAt, rows.length / samples);
    }
  }

  /** @param judgement when it says more than the lane did: what then does not count has been emitted all the same. */
  #takeEmitted(rows: Uint32Array, emitted: Uint8Array, judgement: LaneResult | undefined): void {
    const bytes = Buffer.from(emitted.buffer, emitted.byteOffset, emitted.byteLength);
    const dropped = new Set(
      judgement && [...judgement.held, ...judgement.failures.map(({ index }) => index)],
    );
    for (const emission of readEmissions(bytes)) {
      if (dropped.has(emission.cause)) continue;
      this.#events.emitted(emission, bytes, rows[emission.cause] as number);
    }
  }

  #takeFailures(seat: LaneSeat, rows: Uint32Array, { failures, held }: LaneResult): void {
    const unfinished = new Set(held);
    for (const { index, error, handler } of failures) {
      unfinished.add(index);
      const reference = rows[index] as number;
      const key = this.#keyOf(reference);
      this.#fail(key, { reference, error, handler, lane: seat.number });
      seat.clear(key);
    }
    const returned = new Set<NameEntry>();
    rows.forEach((reference, index) => {
      if (!unfinished.has(index)) {
        this.#finish(reference);
        return;
      }
      const key = this.#keyOf(reference);
      this.#scheduler.returned(key, reference);
      returned.add(key);
    });
    for (const key of returned) if (this.#scheduler.isSettled(key)) this.#events.settled(key);
  }

  #fail(key: NameEntry, failed: FailedEvent): void {
    this.failed.set(key, failed);
    key.failing = true;
  }

  /** A suspect came back alive. If it threw instead, what to do about that has been decided. */
  #acquit(seat: LaneSeat, suspect: Suspect, rows: Uint32Array, { failures }: LaneResult): void {
    const { key, until } = suspect;
    const threw = failures.length > 0;
    if (!threw && rows[0] !== until && key.head !== NO_ROW) return;
    const index = seat.suspects.indexOf(suspect);
    if (index >= 0) seat.suspects.splice(index, 1);
    if (!threw) this.#scheduler.resume(key);
  }

  #finish(reference: number): void {
    const slab = this.#slab(reference);
    const row = rowOf(reference);
    const key = slab.keys[row] as NameEntry;
    if (key.attempts > 0) {
      key.attempts = 0;
      // A later event of the key may have failed in the same batch, and is the one to be tried again.
      if (this.failed.get(key)?.reference === reference) this.failed.delete(key);
    }
    this.#scheduler.finished(key);
    this.#events.finished(slab, row);
  }

  #keyOf(reference: number): NameEntry {
    return this.#slab(reference).keys[rowOf(reference)] as NameEntry;
  }

  #slab(reference: number): HubSlab {
    return this.#pool.slabs[slabOf(reference)] as HubSlab;
  }
}
