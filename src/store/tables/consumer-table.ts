import type { Statement } from 'better-sqlite3';
import { StoreCorruptError } from '../../kernel/errors.js';
import { MAX_NAME_BYTES, PROGRESS_CHUNK } from '../../limits.js';
import { chunkCheck, rowCheck } from '../checksum.js';
import {
  BUS_CONSUMER,
  type ConsumerChange,
  type ConsumerFailureRecord,
  type StoredConsumer,
} from '../consumer.js';
import { MAX_CONSUMERS, MAX_ERROR_BYTES, MAX_WORD_BYTES } from '../limits.js';
import { measured } from '../measured.js';
import type { Sqlite } from '../sqlite.js';
import { CONSUMER_SCHEMA } from './consumer-schema.js';
import { errorText, parseError } from './dead-letter-table.js';
import { LaterTables } from './later-tables.js';
import { ProcessingTable } from './processing-table.js';

const CHUNK_BYTES = PROGRESS_CHUNK / 8;

/** Rows as they lie in the file. Damage may have changed the types of their columns. */
export interface ConsumerRow {
  readonly name: string;
  readonly mark: number;
  readonly checksum: number;
}

export interface ConsumerChunkRow {
  readonly consumer: string;
  readonly index: number;
  readonly bits: Uint8Array;
  readonly checksum: number;
}

export interface ConsumerFailureRow extends Omit<ConsumerFailureRecord, 'error'> {
  readonly consumer: string;
  readonly error: string;
  readonly checksum: number;
}

export interface ConsumerRows {
  readonly consumers: readonly ConsumerRow[];
  readonly chunks: readonly ConsumerChunkRow[];
  readonly failures: readonly ConsumerFailureRow[];
}

/** Whether a log has ever had a consumer. */
export function hasConsumers(database: Sqlite): boolean {
  return database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'consumers'").get() !== undefined;
}

/** Everything that a file has of its consumers, or of one of them. */
export function readConsumerRows(database: Sqlite, name?: string): ConsumerRows {
  if (!hasConsumers(database)) return { consumers: [], chunks: [], failures: [] };
  const all = (columns: string, table: string, column: string, order: string) => {
    const where = name === undefined ? '' : `WHERE ${column} = ?`;
    const statement = database.prepare(`SELECT ${columns} FROM ${table} ${where} ORDER BY ${order}`);
    return name === undefined ? statement.all() : statement.all(name);
  };
  const consumer = `${measured('consumer', MAX_NAME_BYTES)} AS consumer`;
  return {
    consumers: all(
      `${measured('name', MAX_NAME_BYTES)} AS name, mark, checksum`,
      'consumers',
      'name',
      `name LIMIT ${MAX_CONSUMERS}`,
    ) as ConsumerRow[],
    chunks: all(
      `${consumer}, chunk AS "index", ${measured('bits', CHUNK_BYTES)} AS bits, checksum`,
      'consumer_chunks',
      'consumer',
      'consumer, chunk',
    ) as ConsumerChunkRow[],
    failures: all(
      `${consumer}, position, key, ${measured('state', MAX_WORD_BYTES)} AS state, attempts, failed_at AS failedAt,
       ${measured('error', MAX_ERROR_BYTES)} AS error, checksum`,
      'consumer_failures',
      'consumer',
      'consumer, position',
    ) as ConsumerFailureRow[],
  };
}

/** Whether a row is what was written. */
export function isWholeConsumer({ name, mark, checksum }: ConsumerRow): boolean {
  return Number.isSafeInteger(mark) && mark >= 0 && checksum === rowCheck([name, mark]);
}

export function isWholeChunk({ consumer, index, bits, checksum }: ConsumerChunkRow): boolean {
  return (
    Number.isSafeInteger(index) &&
    bits instanceof Uint8Array &&
    bits.length === CHUNK_BYTES &&
    checksum === chunkCheckOf(consumer, index, bits)
  );
}

export function isWholeFailure(row: ConsumerFailureRow): boolean {
  return row.checksum === rowCheck(failureColumns(row.consumer, row, row.error));
}

/** What a file knows of its consumers. @throws StoreCorruptError: a wrong mark would leave events out, or repeat them. */
export function readConsumers(database: Sqlite, name?: string): StoredConsumer[] {
  // None has half a character in its name. Written as UTF-8 it would be found where another one is.
  if (name?.isWellFormed() === false) return [];
  const { consumers, chunks, failures } = readConsumerRows(database, name);
  if (
    !consumers.every(isWholeConsumer) ||
    !chunks.every(isWholeChunk) ||
    !failures.every((row) => isWholeFailure(row))
  ) {
    throw new StoreCorruptError(
      `Store ${database.name} is damaged: the progress of its consumers is not what was written. Run 'millrace verify' on it, and restore it from a backup.`,
    );
  }
  return consumers.map((consumer) => ({
    name: consumer.name,
    progress: {
      mark: consumer.mark,
      chunks: chunks
        .filter((chunk) => chunk.consumer === consumer.name)
        .map(({ index, bits }) => ({ index, bits })),
    },
    failures: failures
      .filter((failure) => failure.consumer === consumer.name)
      .map(({ consumer: _consumer, checksum: _checksum, error, ...row }) => ({
        ...row,
        error: parseError(error),
      })),
  }));
}

/** Changes what a file knows of its consumers, inside the caller's transaction. */
export class ConsumerTable {
  readonly #database: Sqlite;
  #processing: ProcessingTable;
  readonly #tables: LaterTables<ReturnType<typeof prepareAll>>;

  constructor(database: Sqlite) {
    this.#database = database;
    this.#tables = new LaterTables(database, {
      isThere: hasConsumers,
      schema: CONSUMER_SCHEMA,
      prepare: prepareAll,
    });
    this.#processing = new ProcessingTable(database);
  }

  apply(change: ConsumerChange): void {
    const { name } = change;
    const statements = this.#tables.statements;
    if (change.kind !== 'update') {
      for (const drop of [statements.drop, statements.dropChunks, statements.dropFailures]) drop.run(name);
    }
    if (change.kind === 'remove') {
      if (name === BUS_CONSUMER) this.#processing.clear();
      return;
    }
    if (change.processing) this.#processing.apply(change.processing);
    const { mark, chunks } = change.progress;
    statements.put.run(name, mark, rowCheck([name, mark]));
    statements.dropDone.run(name, Math.floor(mark / PROGRESS_CHUNK));
    for (const { index, bits } of chunks)
      statements.putChunk.run(name, index, bits, chunkCheckOf(name, index, bits));
    for (const position of change.removed) statements.dropFailure.run(name, position);
    for (const failure of change.put) {
      const columns = failureColumns(name, failure, errorText(failure.error));
      statements.putFailure.run(...columns, rowCheck(columns));
    }
  }

  /** A transaction was rolled back, and perhaps the tables with it. */
  rolledBack(): void {
    this.#tables.rolledBack();
    this.#processing = new ProcessingTable(this.#database);
  }
}

function prepareAll(prepare: (sql: string) => Statement) {
  return {
    put: prepare('INSERT OR REPLACE INTO consumers VALUES (?, ?, ?)'),
    drop: prepare('DELETE FROM consumers WHERE name = ?'),
    putChunk: prepare('INSERT OR REPLACE INTO consumer_chunks VALUES (?, ?, ?, ?)'),
    dropDone: prepare('DELETE FROM consumer_chunks WHERE consumer = ? AND chunk < ?'),
    dropChunks: prepare('DELETE FROM consumer_chunks WHERE consumer = ?'),
    putFailure: prepare('INSERT OR REPLACE INTO consumer_failures VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
    dropFailure: prepare('DELETE FROM consumer_failures WHERE consumer = ? AND position = ?'),
    dropFailures: prepare('DELETE FROM consumer_failures WHERE consumer = ?'),
  };
}

/** A failure's columns in their order, without the checksum that they give. */
function failureColumns(
  consumer: string,
  { position, key, state, attempts, failedAt }: Omit<ConsumerFailureRecord, 'error'>,
  error: string,
): (string | number)[] {
  return [consumer, position, key, state, attempts, Math.trunc(failedAt), error];
}

/** So that a chunk of another consumer, in this one's place, is found. */
function chunkCheckOf(consumer: string, index: number, bits: Uint8Array): number {
  return (chunkCheck(index, bits) ^ rowCheck([consumer])) >>> 0;
}
