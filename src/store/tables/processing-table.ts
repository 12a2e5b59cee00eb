import type { Statement } from 'better-sqlite3';
import { rowCheck } from '../checksum.js';
import type { EncodedEntry, FailedRecord, ProcessingChange } from '../processing.js';
import type { Sqlite } from '../sqlite.js';
import { errorText } from './dead-letter-table.js';
import { PROCESSING_SCHEMA } from './processing-schema.js';

/** Whether the log's event bus has ever noted anything. */
export function hasProcessing(database: Sqlite): boolean {
  return database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'processing_log'").get() !== undefined;
}

/** Changes what a file knows of its event bus, inside the caller's transaction. */
export class ProcessingTable {
  readonly #database: Sqlite;
  #statements: ReturnType<typeof prepareAll> | undefined;

  constructor(database: Sqlite) {
    this.#database = database;
  }

  apply(changes: readonly ProcessingChange[]): void {
    if (changes.length === 0) return;
    if (!hasProcessing(this.#database)) this.#database.exec(PROCESSING_SCHEMA);
    this.#statements ??= prepareAll((sql) => this.#database.prepare(sql));
    for (const change of changes) this.#apply(change, this.#statements);
  }

  /** Forgets everything. */
  clear(): void {
    if (!hasProcessing(this.#database)) return;
    this.#database.exec('DELETE FROM processing_log; DELETE FROM failed_events;');
  }

  #apply(change: ProcessingChange, statements: ReturnType<typeof prepareAll>): void {
    switch (change.kind) {
      case 'entry': {
        const columns = entryColumns(change.entry);
        statements.add.run(...columns, entryCheck(columns));
        break;
      }
      case 'fail': {
        const columns = failedColumns(change.record);
        statements.fail.run(...columns, rowCheck(columns));
        break;
      }
      case 'unfail':
        statements.unfail.run(change.position);
        break;
      case 'drop':
        statements.drop.run(change.before, change.upTo);
        break;
    }
  }
}

function prepareAll(prepare: (sql: string) => Statement) {
  return {
    add: prepare('INSERT OR REPLACE INTO processing_log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    fail: prepare('INSERT OR REPLACE INTO failed_events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    unfail: prepare('DELETE FROM failed_events WHERE position = ?'),
    drop: prepare('DELETE FROM processing_log WHERE position < ? AND id <= ?'),
  };
}

type Column = string | number | Uint8Array | null;

/** The checksum of a row of `processing_log`, over its columns in their order. */
export function entryCheck(columns: readonly unknown[]): number {
  return rowCheck(
    columns.map((column) => {
      if (column === null) return '';
      return column instanceof Uint8Array ? Buffer.from(column).toString('base64') : (column as string);
    }),
  );
}

function entryColumns(entry: EncodedEntry): Column[] {
  const { number, position, handler, attempt, processedAt, milliseconds, outcome, result, error } = entry;
  const text = error === undefined ? null : errorText(error);
  return [
    ...[number, position, handler, attempt, Math.trunc(processedAt), milliseconds ?? null, outcome],
    ...[result ?? null, text],
  ];
}

function failedColumns(record: FailedRecord): (string | number)[] {
  const { position, id, type, aggregateId, version, handlers, attempts, firstFailedAt, failedAt, error } =
    record;
  return [
    ...[position, id, type, aggregateId, version, JSON.stringify(handlers), attempts],
    ...[Math.trunc(firstFailedAt), Math.trunc(failedAt), errorText(error)],
  ];
}
