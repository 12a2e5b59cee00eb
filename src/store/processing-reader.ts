import { Codec } from '../events/codec.js';
import { decodeError } from '../kernel/error-codec.js';
import { StoreCorruptError } from '../kernel/errors.js';
import { attempt } from '../kernel/thrown.js';
import { MAX_NAME_BYTES, MAX_RESULT_BYTES } from '../limits.js';
import { rowCheck } from './checksum.js';
import { MAX_ERROR_BYTES, MAX_HANDLERS_BYTES, MAX_WORD_BYTES } from './limits.js';
import { measured, pieceOf } from './measured.js';
import type {
  DroppedEntries,
  FailedRecord,
  ProcessingEntry,
  RowRange,
  StoredProcessing,
} from './processing.js';
import type { Sqlite } from './sqlite.js';
import { parseError } from './tables/dead-letter-table.js';
import { entryCheck, hasProcessing } from './tables/processing-table.js';

const codec = new Codec();

const ENTRY = `id, position, ${measured('handler', MAX_HANDLERS_BYTES)}, attempt, processed_at, milliseconds,
  ${measured('outcome', MAX_WORD_BYTES)}, ${pieceOf('result', MAX_RESULT_BYTES)},
  ${pieceOf('error', MAX_ERROR_BYTES)}, checksum`;
const FAILED = `position, ${measured('id', MAX_WORD_BYTES)}, ${measured('type', MAX_WORD_BYTES)},
  ${measured('aggregate_id', MAX_NAME_BYTES)}, version, ${measured('handlers', MAX_HANDLERS_BYTES)},
  attempts, first_failed_at, failed_at, ${measured('error', MAX_ERROR_BYTES)}, checksum`;

/** Columns as they lie in the file, the checksum last. Damage may have changed the types of all of them. */
type Row = readonly unknown[];

/** Reads what a file knows of its event bus. */
export class ProcessingReader implements StoredProcessing {
  readonly #database: Sqlite;

  constructor(database: Sqlite) {
    this.#database = database;
  }

  get lastNumber(): number {
    return this.#number('SELECT max(id) FROM processing_log');
  }

  get failedCount(): number {
    return this.#number('SELECT count(*) FROM failed_events');
  }

  entries(position: number | undefined, { after, limit }: RowRange): ProcessingEntry[] {
    const where = position === undefined ? '' : 'position = ? AND ';
    const of = position === undefined ? [] : [position];
    const rows = this.#rows(`SELECT ${ENTRY} FROM processing_log WHERE ${where}id > ? ORDER BY id LIMIT ?`);
    return rows(...of, after, limit).map((row) => this.#entry(row));
  }

  countEntries(before: number, dropped: readonly DroppedEntries[]): number {
    const less = dropped.map(() => ' AND NOT (position < ? AND id <= ?)').join('');
    const bounds = dropped.flatMap((drop) => [drop.before, drop.upTo]);
    return this.#number(`SELECT count(*) FROM processing_log WHERE position < ?${less}`, before, ...bounds);
  }

  failures({ after, limit }: RowRange): FailedRecord[] {
    const rows = this.#rows(
      `SELECT ${FAILED} FROM failed_events WHERE position > ? ORDER BY position LIMIT ?`,
    );
    return rows(after, limit).map((row) => this.#failed(row));
  }

  failure(position: number): FailedRecord | undefined {
    const [row] = this.#rows(`SELECT ${FAILED} FROM failed_events WHERE position = ?`)(position);
    return row && this.#failed(row);
  }

  /** What is wrong with the rows, a sentence each, and their positions. */
  *faults(last: number): Generator<{ readonly position: number; readonly what: string }> {
    for (const row of this.#each(`SELECT ${ENTRY} FROM processing_log`)) {
      const what = `Entry ${row[0]} of the processing log`;
      const position = Number(row[1]);
      if (!isWholeEntry(row)) yield { position, what: `${what} is not what was written.` };
      else if (position > last) yield { position, what: `${what} is of no event in the log.` };
    }
    for (const row of this.#each(`SELECT ${FAILED} FROM failed_events`)) {
      const position = Number(row[0]);
      const what = `The failed event of the bus at position ${position}`;
      if (!isWholeFailed(row)) yield { position, what: `${what} is not what was written.` };
      else if (position > last) yield { position, what: `${what} has no event in the log.` };
    }
  }

  #entry(row: Row): ProcessingEntry {
    if (!isWholeEntry(row)) throw this.#damaged(`entry ${row[0]} of the processing log`);
    const [number, position, handler, tries, processedAt, milliseconds, outcome, result, error] = row;
    return {
      ...{ number, position, handler, processedAt, outcome },
      attempt: tries,
      milliseconds: milliseconds ?? undefined,
      result: result === null ? undefined : codec.unpack(result as Buffer),
      error: error === null ? undefined : decodeError(parseError(error)),
    } as ProcessingEntry;
  }

  #failed(row: Row): FailedRecord {
    if (!isWholeFailed(row)) throw this.#damaged(`the failed event of the bus at position ${row[0]}`);
    const [position, id, type, aggregateId, version, handlers, attempts, firstFailedAt, failedAt, error] =
      row;
    return {
      ...{ position, id, type, aggregateId, version, attempts, firstFailedAt, failedAt },
      handlers: JSON.parse(handlers as string) as string[],
      error: parseError(error),
    } as FailedRecord;
  }

  #damaged(what: string): StoreCorruptError {
    return new StoreCorruptError(
      `Store ${this.#database.name} is damaged: ${what} is not what was written. Run 'millrace verify' on it, and restore it from a backup.`,
    );
  }

  #number(sql: string, ...values: readonly number[]): number {
    if (!hasProcessing(this.#database)) return 0;
    return Number(
      this.#database
        .prepare(sql)
        .pluck()
        .get(...values) ?? 0,
    );
  }

  #rows(sql: string): (...values: readonly number[]) => Row[] {
    if (!hasProcessing(this.#database)) return () => [];
    const statement = this.#database.prepare(sql).raw();
    return (...values) => statement.all(...values) as Row[];
  }

  #each(sql: string): Iterable<Row> {
    if (!hasProcessing(this.#database)) return [];
    return this.#database.prepare(sql).raw().iterate() as Iterable<Row>;
  }
}

function isWholeEntry(row: Row): boolean {
  return attempt(() => entryCheck(row.slice(0, -1)) === row.at(-1)) === true;
}

function isWholeFailed(row: Row): boolean {
  return attempt(() => rowCheck(row.slice(0, -1) as string[]) === row.at(-1)) === true;
}
