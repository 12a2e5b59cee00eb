import type { Statement } from 'better-sqlite3';
import { Codec } from '../events/codec.js';
import type { StoredType } from '../events/registry.js';
import { EngineClosedError, StoreCorruptError } from '../kernel/errors.js';
import { SparseNumbers } from '../kernel/sparse-numbers.js';
import { MAX_LANE_NAMES } from '../limits.js';
import type { StoredConsumer } from './consumer.js';
import { readConsumers } from './consumer-table.js';
import type { DeadLetterRange, DeadLetterRecord } from './dead-letter.js';
import { DeadLetterReader } from './dead-letter-table.js';
import { READ_PAGE_BYTES } from './limits.js';
import { openForReading } from './open-store.js';
import type { StoredProcessing } from './processing.js';
import { ProcessingReader } from './processing-reader.js';
import { NameReader } from './segments/name-reader.js';
import { RunKind } from './segments/run.js';
import { RunReader } from './segments/run-reader.js';
import { SegmentReader } from './segments/segment-reader.js';
import { guard, type Sqlite, toStoreError } from './sqlite.js';
import type { StateQuery, StoredState, StoredStateType } from './state.js';
import { StateReader } from './state-table.js';
import type { EventReader, PageQuery, RawEvent, StoredName } from './store.js';
import { readShapes, readTypes } from './types.js';

/** A read-only connection to a store. */
export class SqliteReader implements EventReader {
  readonly path: string;
  readonly database: Sqlite;
  readonly codec: Codec;
  readonly #segments: SegmentReader;
  readonly #runs: RunReader;
  readonly #nameReader: NameReader;
  readonly #indexed: Statement;
  readonly #deadLetters: DeadLetterReader;
  readonly #states: StateReader;
  readonly #names = new Map<number, string>();
  #types: ReadonlyMap<number, StoredType> | undefined;

  /** @throws the errors of `openForReading`. */
  constructor(path: string) {
    this.path = path;
    this.database = openForReading(path);
    this.codec = new Codec([], () => readShapes(this.database));
    try {
      this.#segments = new SegmentReader(this.database);
      this.#runs = new RunReader(this.database);
      this.#nameReader = new NameReader(this.database, this.#runs);
      this.#indexed = this.database.prepare('SELECT indexed FROM progress').pluck();
      this.#deadLetters = new DeadLetterReader(this.database);
      this.#states = new StateReader(this.database);
    } catch (error) {
      this.database.close();
      throw toStoreError(path, error);
    }
  }

  get types(): ReadonlyMap<number, StoredType> {
    this.#types ??= this.#read(() => new Map(readTypes(this.database).map((type) => [type.id, type])));
    return this.#types;
  }

  page(query: PageQuery): readonly RawEvent[] {
    const { aggregate, from, limit } = query;
    if (aggregate === undefined) return this.#read(() => this.#segments.page(from, limit, READ_PAGE_BYTES));
    return this.#together(() => this.#aggregatePage(aggregate, query));
  }

  findName(name: string): StoredName | undefined {
    return this.#together(() => {
      const id = this.#nameReader.find(name);
      return id === undefined ? undefined : { id, name, version: this.#runs.lastVersion(RunKind.Events, id) };
    });
  }

  nameOf(id: number): string {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const name = this.#read(() => this.#nameReader.name(id));
    if (this.#names.size >= MAX_LANE_NAMES) this.#names.clear();
    this.#names.set(id, name);
    return name;
  }

  allNames(limit: number): Iterable<StoredName> | undefined {
    return this.#together(() => {
      const count = this.database
        .prepare('SELECT names FROM segments ORDER BY first DESC LIMIT 1')
        .pluck()
        .get();
      if (((count as number | undefined) ?? 0) > limit) return undefined;
      const versions = this.#versions();
      const all: StoredName[] = [];
      for (const block of this.#nameReader.blocks(0)) {
        for (let id = block.first; id < block.first + block.count; id++) {
          all.push({ id, name: block.name(id), version: versions.get(id) });
        }
      }
      // What is in hand needs no statement of its own later: a tenth of the time that reading a log takes.
      if (all.length <= MAX_LANE_NAMES) for (const { id, name } of all) this.#names.set(id, name);
      return all;
    });
  }

  /** Calls back with the columns of every segment. */
  columns(take: Parameters<SegmentReader['columns']>[1]): void {
    this.#together(() => this.#segments.columns(1, take));
  }

  /** The last version of each aggregate that the index has. */
  #versions(): SparseNumbers {
    const versions = new SparseNumbers(Uint32Array);
    for (const run of this.#runs.runs(RunKind.Events)) {
      for (const { key, version, count } of this.#runs.entries(run)) versions.set(key, version + count - 1);
    }
    return versions;
  }

  deadLetters(query: DeadLetterRange): readonly DeadLetterRecord[] {
    return this.#read(() => this.#deadLetters.page(query));
  }

  deadLetter(position: number): DeadLetterRecord | undefined {
    return this.#read(() => this.#deadLetters.find(position));
  }

  consumers(name?: string): readonly StoredConsumer[] {
    // In one transaction: the tables belong together.
    return this.#together(() => readConsumers(this.database, name));
  }

  states(query: StateQuery): readonly StoredState[] {
    return this.#read(() => this.#states.page(query));
  }

  stateTypes(): readonly StoredStateType[] {
    return this.#read(() => this.#states.types());
  }

  get processing(): StoredProcessing {
    return new ProcessingReader(this.database);
  }

  close(): void {
    this.database.close();
  }

  #read<Result>(call: () => Result): Result {
    if (!this.database.open) {
      throw new EngineClosedError(`Store ${this.path} has been closed. Open it again before reading.`);
    }
    return guard(this.path, call);
  }

  /** In one read transaction: the writer may merge or pack between two statements. */
  #together<Result>(call: () => Result): Result {
    return this.#read(() => this.database.transaction(call)());
  }

  #aggregatePage(aggregate: number, { from, limit, tail }: PageQuery): readonly RawEvent[] {
    const events: RawEvent[] = [];
    let bytes = 0;
    // An event can be in a run and in the caller's tail: versions only go up.
    let next = from;
    const take = (positions: ArrayLike<number>): boolean => {
      for (let index = 0; index < positions.length; index++) {
        if (events.length === limit) return false;
        const event = this.#segments.event(positions[index] as number);
        // Positions of the caller's tail may lie beyond what is committed.
        if (!event) return false;
        if (event.aggregate !== aggregate) throw this.#wrongIndex(event.position);
        if (event.version < next) continue;
        bytes += event.size;
        if (bytes > READ_PAGE_BYTES && events.length > 0) return false;
        events.push(event);
        next = event.version + 1;
      }
      return events.length < limit;
    };
    for (const { version, values } of this.#runs.find(RunKind.Events, aggregate, from)) {
      if (!take(values.subarray(Math.max(0, from - version)))) return events;
    }
    const indexed = this.#indexed.get() as number;
    take(tail?.(indexed) ?? this.#segments.positionsOf(aggregate, indexed + 1));
    return events;
  }

  #wrongIndex(position: number): StoreCorruptError {
    return new StoreCorruptError(
      `Store ${this.path} is damaged: its index has the event at position ${position} for another aggregate. Run 'millrace verify' on it, and restore it from a backup.`,
      { details: { position } },
    );
  }
}
