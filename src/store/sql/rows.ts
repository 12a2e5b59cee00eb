import type { Statement } from 'better-sqlite3';
import { EngineClosedError, SqlError } from '../../kernel/errors.js';
import { loadSqlite, type Sqlite } from '../sqlite.js';
import { ALL_COLUMNS, type Wanted } from './event-columns.js';
import type { SqlSource } from './source.js';
import {
  bindable,
  checkStatement,
  readOnly,
  type SqlValue,
  type SqlValues,
  toSqlError,
} from './statement.js';
import { type SqlTable, TABLES, tableForm } from './tables.js';

/**
 * One row of an answer, by the names of its columns. SQLite's integers are numbers, and bigints where a number would
 * not be exact; blobs are a `Buffer`.
 */
export type SqlRow = Readonly<Record<string, SqlValue>>;

/**
 * The answer of a statement. Rows are made while they are asked for, so an answer of any size takes the memory of one;
 * what SQLite sorts it keeps in temporary files of its own.
 */
export class SqlRows implements IterableIterator<SqlRow>, Disposable {
  /** Names of the columns, also when there are no rows. Of two with one name the second is `name:1`. */
  readonly columns: readonly string[];
  readonly #database: Sqlite;
  readonly #rows: IterableIterator<unknown[]>;
  readonly #isOpen: () => boolean;
  #ended = false;

  /** @throws SqlError, SqlReadOnlyError, InvalidOptionError. */
  constructor(source: SqlSource, statement: string, parameters: SqlValues, isOpen: () => boolean) {
    checkStatement(statement);
    const values = bindable(parameters);
    this.#isOpen = isOpen;
    const wanted = wantedBy(statement);
    this.#database = emptyDatabase();
    try {
      for (const table of TABLES) defineTable(this.#database, table, source, wanted);
      const prepared: Statement = this.#database.prepare(statement);
      if (!prepared.reader || !prepared.readonly) throw readOnly(statement.trim().slice(0, 60));
      this.columns = distinct(prepared.columns().map(({ name }) => name));
      const rows = prepared.raw().safeIntegers(true);
      this.#rows = rows.iterate(...values) as IterableIterator<unknown[]>;
    } catch (error) {
      this.#database.close();
      throw toSqlError(error);
    }
  }

  /** @throws SqlError, StoreCorruptError */
  next(): IteratorResult<SqlRow> {
    if (this.#ended) return { done: true, value: undefined };
    if (!this.#isOpen()) {
      this.close();
      throw new EngineClosedError('The reader has been closed, and its rows end with it. Open it again.');
    }
    try {
      const { done, value } = this.#rows.next();
      if (!done) return { done: false, value: this.#row(value) };
    } catch (error) {
      this.close();
      throw toSqlError(error);
    }
    this.close();
    return { done: true, value: undefined };
  }

  return(): IteratorResult<SqlRow> {
    this.close();
    return { done: true, value: undefined };
  }

  [Symbol.iterator](): this {
    return this;
  }

  /** Ends the statement; a loop that ends does it too. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#rows.return?.();
    this.#database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #row(cells: readonly unknown[]): SqlRow {
    return Object.fromEntries(this.columns.map((name, index) => [name, shownCell(cells[index])]));
  }
}

/** A connection that knows no file: whatever a statement could write would be written into this memory. */
function emptyDatabase(): Sqlite {
  const Connection = loadSqlite();
  const database = new Connection(':memory:');
  database.pragma('trusted_schema = OFF');
  database.pragma('query_only = ON');
  return database;
}

function defineTable(database: Sqlite, table: SqlTable, source: SqlSource, wanted: Wanted): void {
  const { name, parameters, columns, rows } = table;
  database.table(name, {
    columns: [...columns],
    // Hidden columns, which must not have the name of one that is shown.
    parameters: parameters.map((parameter) => `$${parameter}`),
    *rows(...args: unknown[]) {
      if (args.includes(undefined)) {
        throw new SqlError(`${name} is written ${tableForm(table)}; a value is missing.`);
      }
      for (const cells of rows(source, wanted, args)) yield cells.map(cellOf);
    },
  });
}

/** Numbers of JavaScript become floats in SQLite, and bigints integers. */
function cellOf(cell: string | number | null | undefined): string | number | bigint | null {
  if (typeof cell === 'number') return Number.isSafeInteger(cell) ? BigInt(cell) : cell;
  return cell ?? null;
}

function shownCell(cell: unknown): SqlValue {
  if (typeof cell !== 'bigint') return cell as SqlValue;
  const number = Number(cell);
  return Number.isSafeInteger(number) ? number : cell;
}

/**
 * Which columns a statement can ask for, by the words in it: decoding payloads that nobody looks at is most of the time of
 * a count. A star other than that of count(*), and NATURAL, may mean any.
 */
function wantedBy(statement: string): Wanted {
  const text = statement.toLowerCase().replace(/count\s*\(\s*\*\s*\)/g, '');
  if (/\*|natural/.test(text)) return ALL_COLUMNS;
  return new Set([...ALL_COLUMNS].filter((name) => text.includes(name)));
}

function distinct(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let own = name;
    for (let number = 1; taken.has(own); number++) own = `${name}:${number}`;
    taken.add(own);
    return own;
  });
}
