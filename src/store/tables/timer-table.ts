import type { Statement } from 'better-sqlite3';
import { MAX_NAME_BYTES, MAX_PAYLOAD_BYTES } from '../../limits.js';
import { timerCheck } from '../checksum.js';
import { damagedRow } from '../damaged-row.js';
import { measured } from '../measured.js';
import type { Sqlite } from '../sqlite.js';
import type { StoredTimer, TimerChange, TimerCount, TimerQuery, TimerTicket } from '../timer.js';
import { LaterTables } from './later-tables.js';
import { TIMER_SCHEMA } from './timer-schema.js';

/** A row as it lies in the file. Of damage, any column may be anything. */
export interface TimerRow {
  readonly key: number;
  readonly name: string | null;
  readonly at: number;
  readonly position: number;
  readonly number: number;
  readonly type: number;
  readonly occurredAt: number;
  readonly aggregateId: string | null;
  readonly partitionKey: string | null;
  readonly data: Buffer | null;
  readonly metadata: Buffer | null;
  readonly checksum: number;
}

const TICKET = `key, ${measured('name', MAX_NAME_BYTES)} AS name, at, position, number, type`;

const COLUMNS = `${TICKET}, occurred_at AS occurredAt, ${measured('aggregate', MAX_NAME_BYTES)} AS aggregateId,
  ${measured('partition_key', MAX_NAME_BYTES)} AS partitionKey, ${measured('data', MAX_PAYLOAD_BYTES)} AS data,
  ${measured('metadata', MAX_PAYLOAD_BYTES)} AS metadata, checksum`;

/** More than any key may have: what a damaged file has besides is never read. */
const MOST_OF_KEY = 4096;

/** Whether a log has ever had a timer. */
export function hasTimerTable(database: Sqlite): boolean {
  return database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'timers'").get() !== undefined;
}

/** Whether one is pending. */
export function hasTimers(database: Sqlite): boolean {
  return hasTimerTable(database) && database.prepare('SELECT 1 FROM timers LIMIT 1').get() !== undefined;
}

/** All rows in the order of keys and names, for a walk through the file. */
export function timerRows(database: Sqlite): Statement {
  return database.prepare(
    `SELECT ${COLUMNS}, rowid AS row FROM timers WHERE rowid > ? ORDER BY rowid LIMIT ?`,
  );
}

export function isWholeTimer(row: TimerRow): boolean {
  const { key, name, at, position, number, type, occurredAt, aggregateId, partitionKey } = row;
  const { data, metadata, checksum } = row;
  if (name === null || aggregateId === null || partitionKey === null) return false;
  if (!(data instanceof Uint8Array) || !(metadata instanceof Uint8Array)) return false;
  const columns = [key, name, at, position, number, type, occurredAt, aggregateId, partitionKey];
  return checksum === timerCheck(columns, data, metadata);
}

/** Reads the timers of a file, which may have none yet. */
export class TimerReader {
  readonly #database: Sqlite;
  #statements: ReturnType<typeof prepareReads> | undefined;

  constructor(database: Sqlite) {
    this.#database = database;
  }

  /** Tickets of all keys, in the order of their times. */
  page({ after, limit }: TimerQuery): readonly TimerTicket[] {
    const statements = this.#prepared();
    if (!statements) return [];
    const most = Math.min(limit, Number.MAX_SAFE_INTEGER);
    const rows = after
      ? statements.after.all(after.at, after.position, after.number, after.name, most)
      : statements.first.all(most);
    return this.#tickets(rows);
  }

  /** Tickets of one key, in the order of names. */
  ofKey(key: number): readonly TimerTicket[] {
    const statements = this.#prepared();
    return statements ? this.#tickets(statements.ofKey.all(key)) : [];
  }

  /** @throws StoreCorruptError: what is published must be what was scheduled. */
  find(key: number, name: string): StoredTimer | undefined {
    const row = this.#prepared()?.one.get(key, name) as TimerRow | undefined;
    if (!row) return undefined;
    const { data, metadata, aggregateId, partitionKey } = row;
    if (isWholeTimer(row) && data && metadata && aggregateId !== null && partitionKey !== null) {
      const { at, position, number, type, occurredAt } = row;
      const event = { type, occurredAt, aggregateId, partitionKey };
      const bytes = { data: data.toString('latin1'), metadata: metadata.toString('latin1') };
      return { key, name, at, position, number, ...event, ...bytes };
    }
    throw damagedRow(this.#database, `timer '${name}' of key ${key}`);
  }

  counts(): readonly TimerCount[] {
    return (this.#prepared()?.counts.all() ?? []) as TimerCount[];
  }

  #tickets(rows: unknown[]): readonly TimerTicket[] {
    const tickets = rows as (TimerTicket & { readonly name: string | null })[];
    const bad = tickets.find(({ name }) => name === null);
    if (bad) throw damagedRow(this.#database, `a timer of key ${bad.key}`);
    return tickets;
  }

  #prepared(): ReturnType<typeof prepareReads> | undefined {
    if (!this.#statements && hasTimerTable(this.#database)) {
      this.#statements = prepareReads((sql) => this.#database.prepare(sql));
    }
    return this.#statements;
  }
}

/** Changes the timers of a file, inside the caller's transaction. */
export class TimerTable {
  readonly #tables: LaterTables<ReturnType<typeof prepareWrites>>;

  constructor(database: Sqlite) {
    this.#tables = new LaterTables(database, {
      isThere: hasTimerTable,
      schema: TIMER_SCHEMA,
      prepare: prepareWrites,
    });
  }

  apply({ put, remove }: TimerChange): void {
    const statements = this.#tables.statements;
    for (const { key, name } of remove) statements.remove.run(key, name);
    for (const timer of put) {
      const { key, name, at, position, number, type, occurredAt, aggregateId, partitionKey } = timer;
      const columns = [key, name, at, position, number, type, occurredAt, aggregateId, partitionKey];
      const data = Buffer.from(timer.data, 'latin1');
      const metadata = Buffer.from(timer.metadata, 'latin1');
      statements.put.run(...columns, data, metadata, timerCheck(columns, data, metadata));
    }
  }

  /** A transaction was rolled back, and perhaps the table with it. */
  rolledBack(): void {
    this.#tables.rolledBack();
  }
}

function prepareReads(prepare: (sql: string) => Statement) {
  const order = 'ORDER BY at, position, number, name LIMIT ?';
  return {
    first: prepare(`SELECT ${TICKET} FROM timers ${order}`),
    after: prepare(`SELECT ${TICKET} FROM timers WHERE (at, position, number, name) > (?, ?, ?, ?) ${order}`),
    ofKey: prepare(`SELECT ${TICKET} FROM timers WHERE key = ? ORDER BY name LIMIT ${MOST_OF_KEY}`),
    one: prepare(`SELECT ${COLUMNS} FROM timers WHERE key = ? AND name = ?`),
    counts: prepare('SELECT type, count(*) AS count FROM timers GROUP BY type ORDER BY type'),
  };
}

function prepareWrites(prepare: (sql: string) => Statement) {
  return {
    put: prepare('INSERT OR REPLACE INTO timers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    remove: prepare('DELETE FROM timers WHERE key = ? AND name = ?'),
  };
}
