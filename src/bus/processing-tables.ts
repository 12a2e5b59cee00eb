import type { Statement } from 'better-sqlite3';
import { Codec } from '../events/codec.js';
import { decodeError } from '../events/error-codec.js';
import { errorText, parseError } from '../store/dead-letter-table.js';
import type { Sqlite } from '../store/sqlite.js';
import type { FailedRecord, NewEntry, ProcessingEntry, ProcessingRows, RowRange } from './processing-rows.js';

const codec = new Codec();

const ENTRY = `id AS number, position, handler, attempt, processed_at AS processedAt, milliseconds, outcome,
  result, error`;
const FAILED = `position, id, type, aggregate_id AS aggregateId, version, handlers, attempts,
  first_failed_at AS firstFailedAt, failed_at AS failedAt, error`;

/** The rows of the processing log and of the failed events, in a file. Writes belong into the caller's transaction. */
export class ProcessingTables implements ProcessingRows {
  readonly #database: Sqlite;
  readonly #add: Statement;
  readonly #fail: Statement;
  readonly #unfail: Statement;

  constructor(database: Sqlite) {
    this.#database = database;
    this.#add = database.prepare('INSERT INTO processing_log VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.#fail = database.prepare(
      'INSERT OR REPLACE INTO failed_events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    );
    this.#unfail = database.prepare('DELETE FROM failed_events WHERE position = ?');
  }

  add({ position, handler, attempt, processedAt, milliseconds, outcome, result, error }: NewEntry): void {
    this.#add.run(
      position,
      handler,
      attempt,
      processedAt,
      milliseconds ?? null,
      outcome,
      result ?? null,
      error === undefined ? null : errorText(error),
    );
  }

  fail({ error, handlers, ...failed }: FailedRecord): void {
    const { position, id, type, aggregateId, version, attempts, firstFailedAt, failedAt } = failed;
    const names = JSON.stringify(handlers);
    const text = errorText(error);
    this.#fail.run(position, id, type, aggregateId, version, names, attempts, firstFailedAt, failedAt, text);
  }

  unfail(position: number): void {
    this.#unfail.run(position);
  }

  /** Entries of one event, or of all, in the order in which they were made. */
  entries(position: number | undefined, { after, limit }: RowRange): ProcessingEntry[] {
    const where = position === undefined ? '' : 'position = ? AND ';
    const of = position === undefined ? [] : [position];
    return this.#database
      .prepare(`SELECT ${ENTRY} FROM processing_log WHERE ${where}id > ? ORDER BY id LIMIT ?`)
      .all(...of, after, limit)
      .map((row) => this.#entry(row as EntryRow));
  }

  failures({ after, limit }: RowRange): FailedRecord[] {
    return this.#database
      .prepare(`SELECT ${FAILED} FROM failed_events WHERE position > ? ORDER BY position LIMIT ?`)
      .all(after, limit)
      .map((row) => this.#failed(row as FailedRow));
  }

  failure(position: number): FailedRecord | undefined {
    const row = this.#database
      .prepare(`SELECT ${FAILED} FROM failed_events WHERE position = ?`)
      .get(position);
    return row === undefined ? undefined : this.#failed(row as FailedRow);
  }

  get failedCount(): number {
    return Number(this.#database.prepare('SELECT count(*) FROM failed_events').pluck().get());
  }

  /** Forgets the entries of events below a position. @returns how many. */
  dropEntries(before: number): number {
    return this.#database.prepare('DELETE FROM processing_log WHERE position < ?').run(before).changes;
  }

  /** Forgets everything about positions that the log does not have. */
  dropAbove(position: number): void {
    this.#database.prepare('DELETE FROM processing_log WHERE position > ?').run(position);
    this.#database.prepare('DELETE FROM failed_events WHERE position > ?').run(position);
  }

  #entry({ milliseconds, result, error, ...entry }: EntryRow): ProcessingEntry {
    return {
      ...entry,
      milliseconds: milliseconds ?? undefined,
      result: result === null ? undefined : codec.unpack(result),
      error: error === null ? undefined : decodeError(parseError(error)),
    };
  }

  #failed({ handlers, error, ...failed }: FailedRow): FailedRecord {
    return {
      ...failed,
      handlers: JSON.parse(handlers) as string[],
      error: parseError(error),
    };
  }
}

interface EntryRow extends Omit<ProcessingEntry, 'milliseconds' | 'result' | 'error'> {
  readonly milliseconds: number | null;
  readonly result: Buffer | null;
  readonly error: string | null;
}

interface FailedRow extends Omit<FailedRecord, 'handlers' | 'error'> {
  readonly handlers: string;
  readonly error: string;
}
