import Database from 'better-sqlite3';
import { Packr } from 'msgpackr';

/** Rows of an INSERT statement and of a transaction: the best that a single thread does with better-sqlite3. */
export const ROWS_PER_INSERT = 50;
export const ROWS_PER_TRANSACTION = 5000;

/** Pages after which the engine checkpoints (64 MiB of WAL); the twins do it as rarely. */
const WAL_PAGES = 16_384;

/** Opens a database with the durability that the engine's `disk` has. */
export function openDurable(path: string): Database.Database {
  const database = new Database(path);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.pragma(`wal_autocheckpoint = ${WAL_PAGES}`);
  return database;
}

/** How a twin's table is made. */
export interface RawTable {
  /** Whether it has UNIQUE (aggregate, version), or no index at all. */
  readonly unique: boolean;
  /** msgpackr records instead of maps: half the bytes, but rows that cannot be read without the writer's list of shapes. */
  readonly records: boolean;
}

/** What somebody writes who wants speed and needs no engine: one thread, no queue, no second reader. */
export class RawWriter {
  readonly #database: Database.Database;
  readonly #many: Database.Statement;
  readonly #one: Database.Statement;
  readonly #name: Database.Statement;
  readonly #packr: Packr;
  readonly #names = new Map<string, { readonly id: number; version: number }>();
  #values: unknown[] = [];
  #position = 0;
  #open = 0;

  constructor(path: string, { unique, records }: RawTable) {
    this.#packr = records ? new Packr({ structures: [] }) : new Packr({ useRecords: false });
    this.#database = openDurable(path);
    this.#database.exec(`
      CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
      CREATE TABLE events (
        position INTEGER PRIMARY KEY, type INTEGER NOT NULL, aggregate INTEGER NOT NULL,
        version INTEGER NOT NULL, occurred_at INTEGER NOT NULL, data BLOB NOT NULL
        ${unique ? ', UNIQUE (aggregate, version)' : ''}
      );`);
    const row = '(?, ?, ?, ?, ?, ?)';
    const insert = 'INSERT INTO events VALUES ';
    this.#one = this.#database.prepare(insert + row);
    this.#many = this.#database.prepare(insert + Array(ROWS_PER_INSERT).fill(row).join(', '));
    this.#name = this.#database.prepare('INSERT INTO names VALUES (?, ?)');
  }

  add(name: string, data: unknown): void {
    if (this.#open === 0) this.#database.exec('BEGIN IMMEDIATE');
    let aggregate = this.#names.get(name);
    if (!aggregate) {
      aggregate = { id: this.#names.size + 1, version: 0 };
      this.#names.set(name, aggregate);
      this.#name.run(aggregate.id, name);
    }
    aggregate.version++;
    this.#position++;
    this.#values.push(this.#position, 1, aggregate.id, aggregate.version, Date.now(), this.#packr.pack(data));
    if (this.#values.length === ROWS_PER_INSERT * 6) {
      this.#many.run(this.#values);
      this.#values = [];
    }
    this.#open++;
    if (this.#open === ROWS_PER_TRANSACTION) this.commit();
  }

  commit(): void {
    if (this.#open === 0) return;
    for (let from = 0; from < this.#values.length; from += 6)
      this.#one.run(this.#values.slice(from, from + 6));
    this.#values = [];
    this.#database.exec('COMMIT');
    this.#open = 0;
  }

  close(): void {
    this.commit();
    // What its records need to be read again.
    const { structures } = this.#packr as unknown as { readonly structures?: readonly (readonly string[])[] };
    const shapes = (structures ?? []).map((keys) => JSON.stringify([...keys]));
    this.#database.exec('CREATE TABLE shapes (id INTEGER PRIMARY KEY, keys TEXT NOT NULL)');
    const insert = this.#database.prepare('INSERT INTO shapes (keys) VALUES (?)');
    for (const keys of shapes) insert.run(keys);
    this.#database.close();
  }
}
