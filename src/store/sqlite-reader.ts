import type { Statement } from 'better-sqlite3';
import { Codec } from '../events/codec.js';
import { StoreCorruptError, StorePathError } from '../events/errors.js';
import type { StoredType } from '../events/registry.js';
import { MAX_LANE_NAMES } from '../limits.js';
import { checkStoreFile } from './file-check.js';
import { guard, openConnection, type Sqlite } from './sqlite.js';
import type { EventReader, PageQuery, RawEvent, StoredName } from './store.js';
import { readShapes, readTypes } from './types.js';

const COLUMNS =
  'events.position, type, events.aggregate, events.version, occurred_at, data, partition_key, causation, metadata';

type Row = [number, number, number, number, number, Buffer, number | null, number | null, Buffer | null];

/** A read-only connection to a store. */
export class SqliteReader implements EventReader {
  readonly path: string;
  readonly database: Sqlite;
  readonly codec: Codec;
  readonly #byPosition: Statement;
  readonly #byIndex: Statement;
  readonly #tail: Statement;
  readonly #nameById: Statement;
  readonly #idByName: Statement;
  readonly #lastIndexed: Statement;
  readonly #names = new Map<number, string>();
  #types: ReadonlyMap<number, StoredType> | undefined;

  /** @throws StorePathError when there is no store, and the errors of `checkStoreFile`. */
  constructor(path: string) {
    if (!checkStoreFile(path)) throw new StorePathError(`Store ${path} does not exist or is empty.`);
    this.path = path;
    this.database = openConnection(path, { readonly: true });
    this.codec = new Codec([], () => readShapes(this.database));
    const prepare = (sql: string) => this.database.prepare(sql);
    const select = `SELECT ${COLUMNS} FROM events`;
    this.#byPosition = prepare(`${select} WHERE position >= ? ORDER BY position LIMIT ?`).raw();
    this.#byIndex = prepare(
      `SELECT ${COLUMNS} FROM event_index JOIN events ON events.position = event_index.position
       WHERE event_index.aggregate = ? AND event_index.version >= ? ORDER BY event_index.version LIMIT ?`,
    ).raw();
    this.#tail = prepare(
      `${select} WHERE position > (SELECT indexed FROM progress) AND aggregate = ? AND version >= ? ORDER BY position LIMIT ?`,
    ).raw();
    this.#nameById = prepare('SELECT name FROM names WHERE id = ?').pluck();
    this.#idByName = prepare('SELECT id FROM names WHERE name = ?').pluck();
    this.#lastIndexed = prepare('SELECT max(version) FROM event_index WHERE aggregate = ?').pluck();
  }

  get types(): ReadonlyMap<number, StoredType> {
    this.#types ??= new Map(readTypes(this.database).map((type) => [type.id, type]));
    return this.#types;
  }

  page({ aggregate, from, limit }: PageQuery): readonly RawEvent[] {
    return guard(this.path, () => {
      if (aggregate === undefined) return (this.#byPosition.all(from, limit) as Row[]).map(toRaw);
      return this.database.transaction(() => this.#aggregatePage(aggregate, from, limit))();
    });
  }

  findName(name: string): StoredName | undefined {
    return guard(this.path, () => {
      const id = this.#idByName.get(name) as number | undefined;
      if (id === undefined) return undefined;
      return { id, name, version: (this.#lastIndexed.get(id) as number | null) ?? 0 };
    });
  }

  nameOf(id: number): string {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const name = guard(this.path, () => this.#nameById.get(id));
    if (typeof name !== 'string') throw new StoreCorruptError(`Store ${this.path} has no name ${id}.`);
    if (this.#names.size >= MAX_LANE_NAMES) this.#names.clear();
    this.#names.set(id, name);
    return name;
  }

  allNames(limit: number): Iterable<StoredName> | undefined {
    return guard(this.path, () => {
      const count = this.database.prepare('SELECT count(*) FROM names').pluck().get() as number;
      if (count > limit) return undefined;
      return this.database
        .prepare(
          'SELECT id, name, coalesce((SELECT max(version) FROM event_index WHERE aggregate = names.id), 0) AS version FROM names',
        )
        .all() as StoredName[];
    });
  }

  unindexedNames(): Iterable<StoredName> {
    return guard(
      this.path,
      () =>
        this.database
          .prepare(
            `SELECT names.id, name, max(version) AS version FROM events JOIN names ON names.id = aggregate
             WHERE position > (SELECT indexed FROM progress) GROUP BY aggregate`,
          )
          .all() as StoredName[],
    );
  }

  close(): void {
    this.database.close();
  }

  /** Inside one read transaction, because the writer may index the tail between the two statements. */
  #aggregatePage(aggregate: number, from: number, limit: number): readonly RawEvent[] {
    const indexed = this.#byIndex.all(aggregate, from, limit) as Row[];
    const last = indexed.at(-1)?.[3];
    const rest =
      indexed.length === limit
        ? []
        : (this.#tail.all(aggregate, last === undefined ? from : last + 1, limit - indexed.length) as Row[]);
    return [...indexed, ...rest].map(toRaw);
  }
}

function toRaw(row: Row): RawEvent {
  const [position, type, aggregate, version, occurredAt, data, partitionKey, causation, metadata] = row;
  return {
    position,
    type,
    aggregate,
    version,
    occurredAt,
    data,
    partitionKey: partitionKey ?? undefined,
    causation: causation ?? 0,
    metadata: metadata ?? undefined,
  };
}
