import type { Statement } from 'better-sqlite3';
import type { Sqlite } from '../sqlite.js';

type Prepare = (sql: string) => Statement;

/** Tables that a log has from the first row on that belongs into them. */
export interface LaterSchema<Statements> {
  readonly isThere: (database: Sqlite) => boolean;
  readonly schema: string;
  readonly prepare: (prepare: Prepare) => Statements;
}

/** The statements that write into such tables, which are made with the first of them, in the caller's transaction. */
export class LaterTables<Statements> {
  readonly #database: Sqlite;
  readonly #tables: LaterSchema<Statements>;
  #statements: Statements | undefined;

  constructor(database: Sqlite, tables: LaterSchema<Statements>) {
    this.#database = database;
    this.#tables = tables;
  }

  get statements(): Statements {
    if (!this.#statements) {
      const { isThere, schema, prepare } = this.#tables;
      if (!isThere(this.#database)) this.#database.exec(schema);
      this.#statements = prepare((sql) => this.#database.prepare(sql));
    }
    return this.#statements;
  }

  /** A transaction was rolled back, and perhaps the tables with it. */
  rolledBack(): void {
    this.#statements = undefined;
  }
}
