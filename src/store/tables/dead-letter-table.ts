import type { Statement } from 'better-sqlite3';
import { type WireError, wireOf } from '../../kernel/error-codec.js';
import { StoreCorruptError } from '../../kernel/errors.js';
import { DAMAGED_TEXT_CHARACTERS } from '../../kernel/limits.js';
import { attempt, bounded } from '../../kernel/thrown.js';
import { MAX_DEAD_LETTER_CHARACTERS } from '../../limits.js';
import { rowCheck } from '../checksum.js';
import {
  type DeadLetterChange,
  type DeadLetterRange,
  type DeadLetterRecord,
  type DeadLetterState,
  joined,
  type LetterCount,
  type OpenDeadLetters,
  type SettledLetter,
  without,
} from '../dead-letter.js';
import { MAX_ERROR_BYTES, MAX_HANDLERS_BYTES, MAX_OWNERS_BYTES, MAX_WORD_BYTES } from '../limits.js';
import { measured } from '../measured.js';
import { HAS_LATE_OWNERS } from '../schema.js';
import { guard, type Sqlite } from '../sqlite.js';

/** A row of the table. */
export interface DeadLetterRow extends Omit<DeadLetterRecord, 'owners' | 'error' | 'retry'> {
  /** A list in JSON. */
  readonly owners: string;
  readonly error: string;
  readonly retry: number;
  readonly checksum: number;
}

/** The columns of a row, named as its fields. */
export const DEAD_LETTER_COLUMNS = `dead_letters.position, key, ${measured('state', MAX_WORD_BYTES)} AS state, attempts,
  ${measured('handler', MAX_HANDLERS_BYTES)} AS handler, ${measured('owners', MAX_OWNERS_BYTES)} AS owners, lane,
  first_failed_at AS firstFailedAt, failed_at AS failedAt,
  ${measured('error', MAX_ERROR_BYTES)} AS error, retry, checksum`;

/** Reads the dead letters of a file. */
export class DeadLetterReader {
  readonly #path: string;
  readonly #after: Statement;
  readonly #one: Statement;
  readonly #all: Statement;

  constructor(database: Sqlite) {
    this.#path = database.name;
    this.#after = database.prepare(
      `SELECT ${DEAD_LETTER_COLUMNS} FROM dead_letters WHERE position > ? ORDER BY position LIMIT ?`,
    );
    this.#one = database.prepare(`SELECT ${DEAD_LETTER_COLUMNS} FROM dead_letters WHERE position = ?`);
    this.#all = database.prepare(
      `SELECT position, ${measured('owners', MAX_OWNERS_BYTES)} AS owners FROM dead_letters ORDER BY position`,
    );
  }

  page({ after, limit }: DeadLetterRange): readonly DeadLetterRecord[] {
    const rows = guard(this.#path, () => this.#after.all(after, limit)) as DeadLetterRow[];
    return rows.map((row) => this.#record(row));
  }

  find(position: number): DeadLetterRecord | undefined {
    const row = guard(this.#path, () => this.#one.get(position)) as DeadLetterRow | undefined;
    return row && this.#record(row);
  }

  /** Whose each of them is, and no more: there may be many, each with an error. */
  settled(): readonly SettledLetter[] {
    const rows = guard(this.#path, () => this.#all.all()) as DeadLetterRow[];
    return rows.map((row) => {
      const owners = parseOwners(row.owners);
      if (!owners) throw this.#unreadable(row, 'a name');
      return { position: row.position, owners };
    });
  }

  #record(row: DeadLetterRow): DeadLetterRecord {
    const { checksum: _, ...record } = row;
    const owners = parseOwners(row.owners);
    if (row.handler === null || row.state === null || !owners) throw this.#unreadable(row, 'a name');
    return { ...record, owners, error: parseError(row.error), retry: row.retry === 1 };
  }

  #unreadable({ position }: DeadLetterRow, what: string): StoreCorruptError {
    return new StoreCorruptError(
      `Store ${this.#path} is damaged: ${what} of the dead letter at position ${position} is not readable. Restore it from a backup.`,
    );
  }
}

/** Changes the dead letters of a file, inside the caller's transaction. */
export class DeadLetterWriter {
  readonly #reader: DeadLetterReader;
  readonly #put: Statement;
  readonly #remove: Statement;

  constructor(database: Sqlite) {
    this.#reader = new DeadLetterReader(database);
    this.#put = database.prepare(
      'INSERT OR REPLACE INTO dead_letters VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    );
    this.#remove = database.prepare('DELETE FROM dead_letters WHERE position = ?');
  }

  apply({ put, remove }: DeadLetterChange): void {
    for (const settled of remove) {
      const letter = this.#reader.find(settled.position);
      const left = letter && without(letter, settled);
      if (left) this.#write(left);
      else this.#remove.run(settled.position);
    }
    for (const letter of put) this.#write(joined(this.#reader.find(letter.position), letter));
  }

  #write(letter: DeadLetterRecord): void {
    const columns = columnsOf({
      ...letter,
      owners: JSON.stringify(letter.owners),
      firstFailedAt: Math.trunc(letter.firstFailedAt),
      failedAt: Math.trunc(letter.failedAt),
      error: errorText(letter.error),
      retry: letter.retry ? 1 : 0,
    });
    this.#put.run(...columns, rowCheck(columns));
  }
}

/** A row's columns in their order, without the checksum that they give. */
export function columnsOf(row: Omit<DeadLetterRow, 'checksum'>): (string | number)[] {
  const { position, key, state, attempts, handler, owners, lane, firstFailedAt, failedAt, error, retry } =
    row;
  return [position, key, state, attempts, handler, owners, lane, firstFailedAt, failedAt, error, retry];
}

/** The stored list of a dead letter's owners; undefined when it is not one. */
export function parseOwners(text: unknown): readonly string[] | undefined {
  const stored = attempt(() => JSON.parse(text as string) as unknown);
  const isList = Array.isArray(stored) && stored.length > 0;
  return isList && stored.every((owner) => typeof owner === 'string') ? stored : undefined;
}

/** How many dead letters each owner that is a consumer has. Of the lanes' own ones, which may be many, none is read. */
export function countLateLetters(database: Sqlite): ReadonlyMap<string, LetterCount> {
  // Counted here: to group by them SQLite would load the owners as they are, however long.
  const rows = database
    .prepare(
      `SELECT ${measured('owners', MAX_OWNERS_BYTES)} AS owners, ${measured('state', MAX_WORD_BYTES)} AS state
       FROM dead_letters WHERE ${HAS_LATE_OWNERS}`,
    )
    .iterate() as IterableIterator<Pick<DeadLetterRow, 'owners' | 'state'>>;
  const counts = new Map<string, LetterCount>();
  for (const { owners, state } of rows) {
    for (const owner of parseOwners(owners) ?? []) {
      const before = counts.get(owner) ?? { parked: 0, skipped: 0 };
      counts.set(owner, { ...before, [state]: before[state] + 1 });
    }
  }
  return counts;
}

/** What an engine must know of the dead letters in a file. */
export function readOpenDeadLetters(database: Sqlite): OpenDeadLetters {
  const rows = database
    .prepare(
      `SELECT position, key, state, ${measured('owners', MAX_OWNERS_BYTES)} AS owners, retry
       FROM dead_letters WHERE state = 'parked' OR retry = 1 ORDER BY position`,
    )
    .all() as DeadLetterRow[];
  const asked = (state: DeadLetterState) =>
    rows.filter((row) => row.state === state && row.retry === 1).map(({ position }) => position);
  return {
    parked: rows
      .filter(({ state, retry }) => state === 'parked' && retry === 0)
      .map(({ position, key, owners }) => ({ position, key, owners: parseOwners(owners) ?? [] })),
    retry: asked('skipped'),
    retryParked: asked('parked'),
    late: countLateLetters(database),
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
