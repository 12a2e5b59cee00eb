import type { Statement } from 'better-sqlite3';
import { Codec } from '../events/codec.js';
import { decodeError } from '../kernel/error-codec.js';
import { StoreCorruptError } from '../kernel/errors.js';
import { MAX_NAME_BYTES, MAX_RESULT_BYTES } from '../limits.js';
import { errorText, parseError } from '../store/dead-letter-table.js';
import { MAX_ERROR_BYTES, MAX_HANDLERS_BYTES, MAX_WORD_BYTES } from '../store/limits.js';
import { measured, pieceOf } from '../store/measured.js';
import type { Sqlite } from '../store/sqlite.js';
import type { FailedRecord, NewEntry, ProcessingEntry, ProcessingRows, RowRange } from './processing-rows.js';

const codec = new Codec();

const ENTRY = `id AS number, position, ${measured('handler', MAX_HANDLERS_BYTES)} AS handler, attempt,
  processed_at AS processedAt, milliseconds, ${measured('outcome', MAX_WORD_BYTES)} AS outcome,
  ${pieceOf('result', MAX_RESULT_BYTES)} AS result, ${pieceOf('error', MAX_ERROR_BYTES)} AS error`;
const FAILED = `position, ${measured('id', MAX_WORD_BYTES)} AS id, ${measured('type', MAX_WORD_BYTES)} AS type,
  ${measured('aggregate_id', MAX_NAME_BYTES)} AS aggregateId, version, ${measured('handlers', MAX_HANDLERS_BYTES)} AS handlers,
  attempts, first_failed_at AS firstFailedAt, failed_at AS failedAt, ${measured('error', MAX_ERROR_BYTES)} AS error`;

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
      handler: this.#text(entry.handler, 'the name of a subscriber', entry.position),
      result: result === null ? undefined : this.#result(result, entry.position),
      error: error === null ? undefined : decodeError(parseError(error)),
    };
  }

  #failed({ handlers, error, ...failed }: FailedRow): FailedRecord {
    return {
      ...failed,
      id: this.#text(failed.id, 'an id', failed.position),
      type: this.#text(failed.type, 'a type', failed.position),
      aggregateId: this.#text(failed.aggregateId, 'an aggregate id', failed.position),
      handlers: this.#names(handlers, failed.position),
      error: parseError(error),
    };
  }

  #result(bytes: unknown, position: number): unknown {
    if (!Buffer.isBuffer(bytes)) throw this.#damaged('a result', position);
    try {
      return codec.unpack(bytes);
    } catch (cause) {
      throw this.#damaged('a result', position, cause);
    }
  }

  #names(text: unknown, position: number): readonly string[] {
    let names: unknown;
    try {
      names = JSON.parse(String(text));
    } catch (cause) {
      throw this.#damaged('the names of the subscribers', position, cause);
    }
    if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names;
    throw this.#damaged('the names of the subscribers', position);
  }

  #text(text: unknown, what: string, position: number): string {
    if (typeof text === 'string') return text;
    throw this.#damaged(what, position);
  }

  #damaged(what: string, position: number, cause?: unknown): StoreCorruptError {
    return new StoreCorruptError(
      `File ${this.#database.name} is damaged: ${what} at position ${position} is not readable. Move the file away to have every event processed again.`,
      { cause },
    );
  }
}

/** What a damaged file may have there is not known before it is looked at. */
interface EntryRow extends Omit<ProcessingEntry, 'handler' | 'milliseconds' | 'result' | 'error'> {
  readonly handler: unknown;
  readonly milliseconds: number | null;
  readonly result: unknown;
  readonly error: unknown;
}

interface FailedRow extends Omit<FailedRecord, 'id' | 'type' | 'aggregateId' | 'handlers' | 'error'> {
  readonly id: unknown;
  readonly type: unknown;
  readonly aggregateId: unknown;
  readonly handlers: unknown;
  readonly error: unknown;
}
