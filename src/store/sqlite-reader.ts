import type { Statement } from 'better-sqlite3';
import { Codec } from '../events/codec.js';
import type { StoredType } from '../events/registry.js';
import { EngineClosedError, StoreCorruptError } from '../kernel/errors.js';
import { MAX_LANE_NAMES, MAX_NAME_BYTES, MAX_PAYLOAD_BYTES } from '../limits.js';
import type { StoredConsumer } from './consumer.js';
import { readConsumers } from './consumer-table.js';
import type { DeadLetterRange, DeadLetterRecord } from './dead-letter.js';
import { DeadLetterReader } from './dead-letter-table.js';
import { positionsOf } from './indexer.js';
import { MAX_RUN_BYTES, READ_PAGE_BYTES } from './limits.js';
import { measured, numberOf, pieceOf } from './measured.js';
import { openForReading } from './open-store.js';
import type { StoredProcessing } from './processing.js';
import { ProcessingReader } from './processing-reader.js';
import { guard, type Sqlite, toStoreError } from './sqlite.js';
import type { EventReader, PageQuery, RawEvent, StoredName } from './store.js';
import { readShapes, readTypes } from './types.js';

/** @param number how a column of numbers is read. */
const columns = (number: (column: string) => string) =>
  `position, ${['type', 'aggregate', 'version', 'occurred_at'].map(number).join(', ')}, ${pieceOf('data')},
   ${number('partition_key')}, ${number('causation')}, ${pieceOf('metadata')}`;

/** version, base, offsets */
type Run = [number, number, Buffer];

type Row = [number, number, number, number, number, Piece, number | null, number | null, Piece | null];

/** Bytes, or how many there are. */
type Piece = Buffer | number;

/** A read-only connection to a store. */
export class SqliteReader implements EventReader {
  readonly path: string;
  readonly database: Sqlite;
  readonly codec: Codec;
  readonly #byPosition: Statement;
  readonly #one: Statement;
  readonly #long: Statement;
  readonly #runs: Statement;
  readonly #indexed: Statement;
  readonly #tail: Statement;
  readonly #nameById: Statement;
  readonly #idByName: Statement;
  readonly #lastIndexed: Statement;
  readonly #deadLetters: DeadLetterReader;
  readonly #names = new Map<number, string>();
  #types: ReadonlyMap<number, StoredType> | undefined;

  /**
   * @param file `trusted`: an engine of this process writes it, so there are numbers where numbers belong. Looking
   * at each costs a fifth of the time that reading takes.
   * @throws the errors of `openForReading`.
   */
  constructor(path: string, file: 'any' | 'trusted' = 'any') {
    this.path = path;
    this.database = openForReading(path);
    this.codec = new Codec([], () => readShapes(this.database));
    try {
      const prepare = (sql: string) => this.database.prepare(sql);
      const select = `SELECT ${columns(file === 'trusted' ? (column) => column : numberOf)} FROM events`;
      this.#byPosition = prepare(`${select} WHERE position >= ? ORDER BY position LIMIT ?`).raw();
      this.#one = prepare(`${select} WHERE position = ?`).raw();
      this.#long = prepare('SELECT data, metadata FROM events WHERE position = ?').raw();
      this.#runs = prepare(
        `SELECT version, base, ${measured('coalesce(event_index.offsets, event_runs.offsets)', MAX_RUN_BYTES)} FROM event_index
         LEFT JOIN event_runs ON event_runs.id = event_index.run WHERE aggregate = ? AND version >= coalesce(
           (SELECT max(version) FROM event_index WHERE aggregate = ? AND version <= ?), 0)
         ORDER BY version LIMIT ?`,
      ).raw();
      this.#tail = prepare(
        'SELECT position FROM events WHERE position > ? AND aggregate = ? ORDER BY position',
      ).pluck();
      this.#indexed = prepare('SELECT indexed FROM progress').pluck();
      this.#nameById = prepare(`SELECT ${measured('name', MAX_NAME_BYTES)} FROM names WHERE id = ?`).pluck();
      this.#idByName = prepare('SELECT id FROM names WHERE name = ?').pluck();
      this.#lastIndexed = prepare(
        'SELECT version + count - 1 FROM event_index WHERE aggregate = ? ORDER BY version DESC LIMIT 1',
      ).pluck();
      this.#deadLetters = new DeadLetterReader(this.database);
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
    return this.#read(() => {
      if (aggregate === undefined) return this.#page(this.#byPosition.all(from, limit) as Row[]);
      return this.database.transaction(() => this.#aggregatePage(aggregate, query))();
    });
  }

  findName(name: string): StoredName | undefined {
    return this.#read(() => {
      const id = this.#idByName.get(name) as number | undefined;
      if (id === undefined) return undefined;
      return { id, name, version: (this.#lastIndexed.get(id) as number | undefined) ?? 0 };
    });
  }

  nameOf(id: number): string {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const name = this.#read(() => this.#nameById.get(id));
    if (typeof name !== 'string') throw this.#noName(id);
    if (this.#names.size >= MAX_LANE_NAMES) this.#names.clear();
    this.#names.set(id, name);
    return name;
  }

  allNames(limit: number): Iterable<StoredName> | undefined {
    return this.#read(() => {
      const count = this.database.prepare('SELECT count(*) FROM names').pluck().get() as number;
      if (count > limit) return undefined;
      const all = this.database
        .prepare(
          `SELECT id, ${measured('name', MAX_NAME_BYTES)} AS name, coalesce((SELECT version + count - 1 FROM event_index
           WHERE aggregate = names.id ORDER BY version DESC LIMIT 1), 0) AS version FROM names`,
        )
        .all() as StoredName[];
      const nameless = all.find(({ name }) => typeof name !== 'string');
      if (nameless) throw this.#noName(nameless.id);
      // What is in hand needs no statement of its own later: a tenth of the time that reading a log takes.
      if (count <= MAX_LANE_NAMES) for (const { id, name } of all) this.#names.set(id, name);
      return all;
    });
  }

  deadLetters(query: DeadLetterRange): readonly DeadLetterRecord[] {
    return this.#read(() => this.#deadLetters.page(query));
  }

  deadLetter(position: number): DeadLetterRecord | undefined {
    return this.#read(() => this.#deadLetters.find(position));
  }

  consumers(name?: string): readonly StoredConsumer[] {
    // In one transaction: the tables belong together.
    return this.#read(() => this.database.transaction(() => readConsumers(this.database, name))());
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

  /** Loads what is long, one event after the other, and ends the page when that is a lot. */
  #page(rows: readonly Row[]): readonly RawEvent[] {
    let bytes = 0;
    const events: RawEvent[] = [];
    for (const row of rows) {
      if (typeof row[5] === 'number' || typeof row[8] === 'number') {
        const size = sizeOf(row[5]) + sizeOf(row[8]);
        if (size > MAX_PAYLOAD_BYTES) throw unreadable(row[0], `: it has ${size} bytes`);
        bytes += size;
        if (bytes > READ_PAGE_BYTES) break;
        [row[5], row[8]] = this.#long.get(row[0]) as [Buffer, Buffer | null];
      }
      events.push(new StoredRow(row));
    }
    return events;
  }

  #noName(id: number): StoreCorruptError {
    return new StoreCorruptError(
      `Store ${this.path} is damaged: name ${id} is missing, or longer than names are.`,
    );
  }

  /** Inside one read transaction, because the writer may index the tail between the statements. */
  #aggregatePage(aggregate: number, { from, limit, tail }: PageQuery): readonly RawEvent[] {
    const rows: Row[] = [];
    // A pass of the index may be half done, so an event can be in a run and in the tail: versions only go up.
    let next = from;
    const take = (positions: readonly number[]): boolean => {
      for (const position of positions) {
        const row = this.#one.get(position) as Row | undefined;
        // Positions of the caller's tail may lie beyond what is committed.
        if (!row || rows.length === limit) return false;
        if (row[3] < next) continue;
        rows.push(row);
        next = row[3] + 1;
      }
      return rows.length < limit;
    };
    for (const [version, base, offsets] of this.#runs.iterate(
      aggregate,
      aggregate,
      from,
      limit,
    ) as Iterable<Run>) {
      if (!take(positionsOf(base, offsets).slice(Math.max(0, from - version)))) return this.#page(rows);
    }
    const indexed = this.#indexed.get() as number;
    take(tail?.(indexed) ?? (this.#tail.all(indexed, aggregate) as number[]));
    return this.#page(rows);
  }
}

/**
 * A class and not an object literal: V8 puts the objects of a literal into the old generation for good when those of
 * one collection all survived it, as they do while a marking of the heap happens to run, and then reads at two
 * thirds of the speed. Instances of classes it always makes in the young generation.
 */
class StoredRow implements RawEvent {
  readonly position: number;
  readonly type: number;
  readonly aggregate: number;
  readonly version: number;
  readonly occurredAt: number;
  readonly data: Buffer;
  readonly partitionKey: number | undefined;
  readonly causation: number;
  readonly metadata: Buffer | undefined;

  /** @throws StoreCorruptError for what no writer writes: a number that cannot be counted up would be read for ever. */
  constructor([position, type, aggregate, version, occurredAt, data, key, causation, metadata]: Row) {
    if (
      !isCount(position) ||
      !isCount(version) ||
      !isBytes(data) ||
      typeof occurredAt !== 'number' ||
      (metadata !== null && !isBytes(metadata))
    ) {
      throw unreadable(position);
    }
    this.position = position;
    this.type = type;
    this.aggregate = aggregate;
    this.version = version;
    this.occurredAt = occurredAt;
    this.data = data;
    this.partitionKey = key ?? undefined;
    this.causation = causation ?? 0;
    this.metadata = metadata ?? undefined;
  }
}

function isBytes(piece: Piece | null): piece is Buffer {
  return typeof piece === 'object' && piece !== null;
}

function sizeOf(piece: Piece | null): number {
  return typeof piece === 'number' ? piece : (piece?.length ?? 0);
}

function unreadable(position: number, why = ''): StoreCorruptError {
  return new StoreCorruptError(
    `The store is damaged: the event at position ${position} cannot be read${why}. Restore it from a backup.`,
  );
}

function isCount(number: unknown): boolean {
  return Number.isSafeInteger(number) && (number as number) > 0 && number !== Number.MAX_SAFE_INTEGER;
}
