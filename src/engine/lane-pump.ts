import type { Codec } from '../events/codec.js';
import { type Emission, readEmissions, type TypedShape } from '../events/emission.js';
import type { WireError } from '../events/error-codec.js';
import { rowOf, slabOf } from '../events/slab.js';
import type { LaneExecutor } from '../lanes/executor.js';
import type { LaneBatch, LaneResult, NewSlab } from '../lanes/protocol.js';
import type { LaneScheduler } from '../lanes/scheduler.js';
import type { NameEntry } from './directory.js';
import type { HubSlab, SlabPool } from './slab-pool.js';

/** What the hub does with a lane's answer. */
export interface LaneEvents {
  emitted(emission: Emission, bytes: Buffer, cause: number): void;
  unknownShape(shape: TypedShape): void;
  finished(slab: HubSlab, row: number): void;
  /** A key has a failed event and nothing in flight any more. */
  settled(key: NameEntry): void;
  /** A whole answer has been dealt with. */
  answered(): void;
  crashed(error: Error): void;
}

/** An event that failed and may be tried again. */
export interface FailedEvent {
  readonly reference: number;
  readonly error: WireError;
}

/** Sends batches to lanes while they have room, and takes their answers apart. */
export class LanePump {
  readonly #executor: LaneExecutor;
  readonly #scheduler: LaneScheduler;
  readonly #pool: SlabPool;
  readonly #events: LaneEvents;
  readonly #known: Set<HubSlab>[];
  readonly #cleared: number[][];
  readonly #forgotten: number[][];
  /** Payload shapes that each lane has been told of. */
  readonly #shapes: number[];
  readonly #codec: Codec;
  /** The failed event of each key that has one. */
  readonly failed = new Map<NameEntry, FailedEvent>();
  #stopped = false;
  #first = 0;

  constructor(
    executor: LaneExecutor,
    scheduler: LaneScheduler,
    pool: SlabPool,
    codec: Codec,
    events: LaneEvents,
  ) {
    this.#codec = codec;
    this.#shapes = Array.from({ length: executor.lanes }, () => codec.shapes.length);
    this.#executor = executor;
    this.#scheduler = scheduler;
    this.#pool = pool;
    this.#events = events;
    this.#known = Array.from({ length: executor.lanes }, () => new Set<HubSlab>());
    this.#cleared = Array.from({ length: executor.lanes }, () => []);
    this.#forgotten = Array.from({ length: executor.lanes }, () => []);
  }

  /** Gives every lane what it can take. Another lane is asked first each time, so that none is favoured. */
  pump(): void {
    const { lanes } = this.#executor;
    this.#first = (this.#first + 1) % lanes;
    let sent = true;
    while (sent && !this.#stopped && this.#scheduler.queued > 0) {
      sent = false;
      for (let offset = 0; offset < lanes; offset++) {
        const lane = (this.#first + offset) % lanes;
        const rows = this.#scheduler.take(lane);
        if (!rows) continue;
        sent = true;
        this.#send(lane, rows);
      }
    }
  }

  /** A slab's memory is given up for good: no row of it is in flight, and its id is not used again soon. */
  forget(slab: HubSlab): void {
    this.#known.forEach((known, lane) => {
      if (known.delete(slab)) this.#forgotten[lane]?.push(slab.id);
    });
  }

  stop(): void {
    this.#stopped = true;
  }

  #send(lane: number, rows: Uint32Array): void {
    const cleared = this.#cleared[lane] as number[];
    this.#cleared[lane] = [];
    const forgotten = this.#forgotten[lane] as number[];
    this.#forgotten[lane] = [];
    const attempts = this.failed.size === 0 ? undefined : this.#attempts(rows);
    const slabs = this.#newSlabs(lane, rows);
    const shapes = this.#newShapes(lane);
    const batch: LaneBatch = {
      kind: 'batch',
      slabs,
      forgotten,
      rows,
      cleared,
      ...shapes,
      ...(attempts && { attempts }),
    };
    this.#executor.run(lane, batch).then(
      (result) => this.#take(lane, rows, result),
      (error: Error) => {
        if (!this.#stopped) this.#events.crashed(error);
      },
    );
  }

  #newShapes(lane: number): Pick<LaneBatch, 'shapes'> {
    const { shapes } = this.#codec;
    if (this.#shapes[lane] === shapes.length) return {};
    this.#shapes[lane] = shapes.length;
    return { shapes };
  }

  #newSlabs(lane: number, rows: Uint32Array): NewSlab[] {
    const known = this.#known[lane] as Set<HubSlab>;
    const slabs: NewSlab[] = [];
    let last = -1;
    for (const reference of rows) {
      const id = slabOf(reference);
      if (id === last) continue;
      last = id;
      const slab = this.#slab(reference);
      if (known.has(slab)) continue;
      known.add(slab);
      slabs.push({ id, memory: slab.memory });
    }
    return slabs;
  }

  #attempts(rows: Uint32Array): Map<number, number> {
    const attempts = new Map<number, number>();
    rows.forEach((reference, index) => {
      const key = this.#keyOf(reference);
      if (this.failed.get(key)?.reference === reference) attempts.set(index, key.attempts);
    });
    return attempts;
  }

  #take(lane: number, rows: Uint32Array, result: LaneResult): void {
    if (this.#stopped) return;
    const { failures, held, emitted, unknownShapes, milliseconds } = result;
    for (const shape of unknownShapes) this.#events.unknownShape(shape);
    this.#scheduler.answered(lane, rows.length - held.length, milliseconds);
    if (emitted) this.#takeEmitted(rows, emitted);
    if (failures.length === 0 && held.length === 0) {
      for (const reference of rows) this.#finish(reference);
    } else {
      this.#takeFailures(lane, rows, result);
    }
    this.#events.answered();
  }

  #takeEmitted(rows: Uint32Array, emitted: Uint8Array): void {
    const bytes = Buffer.from(emitted.buffer, emitted.byteOffset, emitted.byteLength);
    for (const emission of readEmissions(bytes)) {
      this.#events.emitted(emission, bytes, rows[emission.cause] as number);
    }
  }

  #takeFailures(lane: number, rows: Uint32Array, { failures, held }: LaneResult): void {
    const unfinished = new Set(held);
    for (const { index, error } of failures) {
      unfinished.add(index);
      const reference = rows[index] as number;
      const key = this.#keyOf(reference);
      this.failed.set(key, { reference, error });
      (this.#cleared[lane] as number[]).push(key.id);
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

  #finish(reference: number): void {
    const slab = this.#slab(reference);
    const row = rowOf(reference);
    const key = slab.keys[row] as NameEntry;
    if (key.attempts > 0) {
      key.attempts = 0;
      this.failed.delete(key);
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
