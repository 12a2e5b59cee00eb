import type { Statement } from 'better-sqlite3';
import { type WireError, wireOf } from '../kernel/error-codec.js';
import { StoreCorruptError } from '../kernel/errors.js';
import { DAMAGED_TEXT_CHARACTERS } from '../kernel/limits.js';
import { attempt, bounded } from '../kernel/thrown.js';
import { MAX_DEAD_LETTER_CHARACTERS } from '../limits.js';
import { rowCheck } from './checksum.js';
import type {
  DeadLetterChange,
  DeadLetterRange,
  DeadLetterRecord,
  DeadLetterState,
  OpenDeadLetters,
} from './dead-letter.js';
import { MAX_ERROR_BYTES, MAX_HANDLERS_BYTES, MAX_WORD_BYTES } from './limits.js';
import { measured } from './measured.js';
import { guard, type Sqlite } from './sqlite.js';

/** A row of the table. */
export interface DeadLetterRow extends Omit<DeadLetterRecord, 'error' | 'retry'> {
  readonly error: string;
  readonly retry: number;
  readonly checksum: number;
}

/** The columns of a row, named as its fields. */
export const DEAD_LETTER_COLUMNS = `dead_letters.position, key, ${measured('state', MAX_WORD_BYTES)} AS state, attempts,
  ${measured('handler', MAX_HANDLERS_BYTES)} AS handler, lane, first_failed_at AS firstFailedAt, failed_at AS failedAt,
  ${measured('error', MAX_ERROR_BYTES)} AS error, retry, checksum`;

/** Reads the dead letters of a file. */
export class DeadLetterReader {
  readonly #path: string;
  readonly #after: Statement;
  readonly #one: Statement;

  constructor(database: Sqlite) {
    this.#path = database.name;
    this.#after = database.prepare(
      `SELECT ${DEAD_LETTER_COLUMNS} FROM dead_letters WHERE position > ? ORDER BY position LIMIT ?`,
    );
    this.#one = database.prepare(`SELECT ${DEAD_LETTER_COLUMNS} FROM dead_letters WHERE position = ?`);
  }

  page({ after, limit }: DeadLetterRange): readonly DeadLetterRecord[] {
    const rows = guard(this.#path, () => this.#after.all(after, limit)) as DeadLetterRow[];
    return rows.map((row) => this.#record(row));
  }

  find(position: number): DeadLetterRecord | undefined {
    const row = guard(this.#path, () => this.#one.get(position)) as DeadLetterRow | undefined;
    return row && this.#record(row);
  }

  #record(row: DeadLetterRow): DeadLetterRecord {
    const { checksum: _, ...record } = row;
    if (row.handler === null || row.state === null) throw this.#unreadable(row, 'a name');
    return { ...record, error: parseError(row.error), retry: row.retry === 1 };
  }

  #unreadable({ position }: DeadLetterRow, what: string): StoreCorruptError {
    return new StoreCorruptError(
      `Store ${this.#path} is damaged: ${what} of the dead letter at position ${position} is not readable. Restore it from a backup.`,
    );
  }
}

/** Changes the dead letters of a file, inside the caller's transaction. */
export class DeadLetterWriter {
  readonly #put: Statement;
  readonly #remove: Statement;

  constructor(database: Sqlite) {
    this.#put = database.prepare(
      'INSERT OR REPLACE INTO dead_letters VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    );
    this.#remove = database.prepare('DELETE FROM dead_letters WHERE position = ?');
  }

  apply({ put, remove }: DeadLetterChange): void {
    for (const position of remove) this.#remove.run(position);
    for (const letter of put) {
      const columns = columnsOf({
        ...letter,
        firstFailedAt: Math.trunc(letter.firstFailedAt),
        failedAt: Math.trunc(letter.failedAt),
        error: errorText(letter.error),
        retry: letter.retry ? 1 : 0,
      });
      this.#put.run(...columns, rowCheck(columns));
    }
  }
}

/** A row's columns in their order, without the checksum that they give. */
export function columnsOf(row: Omit<DeadLetterRow, 'checksum'>): (string | number)[] {
  const { position, key, state, attempts, handler, lane, firstFailedAt, failedAt, error, retry } = row;
  return [position, key, state, attempts, handler, lane, firstFailedAt, failedAt, error, retry];
}

/** What an engine must know of the dead letters in a file. */
export function readOpenDeadLetters(database: Sqlite): OpenDeadLetters {
  const rows = database
    .prepare(
      "SELECT position, key, state, retry FROM dead_letters WHERE state = 'parked' OR retry = 1 ORDER BY position",
    )
    .all() as DeadLetterRow[];
  const asked = (state: DeadLetterState) =>
    rows.filter((row) => row.state === state && row.retry === 1).map(({ position }) => position);
  return {
    parked: rows
      .filter(({ state, retry }) => state === 'parked' && retry === 0)
      .map(({ position, key }) => ({ position, key })),
    retry: asked('skipped'),
    retryParked: asked('parked'),
  };
}

/**
 * The stored text of an error as an error's plain data. Text that is none is told as that: what lies beside it, and
 * the other letters, can be read all the same, and only `verify` has to say that something is not as it was written.
 */
export function parseError(text: unknown): WireError {
  const stored = attempt(() => JSON.parse(text as string) as unknown);
  if (typeof stored === 'object' && stored !== null) return wireOf(stored);
  return {
    name: StoreCorruptError.name,
    code: StoreCorruptError.code,
    message: `What was stored of the error is damaged: ${bounded(String(text), DAMAGED_TEXT_CHARACTERS)}`,
  };
}

/**
 * An error as JSON of a bounded length: one that is too long loses its causes, its stack and its message's end. Three
 * texts, of which JSON may write each character as six.
 */
export function errorText(error: WireError): string {
  const text = JSON.stringify(error);
  if (text.length <= MAX_DEAD_LETTER_CHARACTERS) return text;
  const { name, message, code } = error;
  const cut = (whole: string) => whole.slice(0, MAX_DEAD_LETTER_CHARACTERS / 24);
  return JSON.stringify({ name: cut(name), message: cut(message), ...(code && { code: cut(code) }) });
}
