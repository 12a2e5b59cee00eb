import type { Statement } from 'better-sqlite3';
import type { Sqlite } from './sqlite.js';

/** Reads several things of one moment. `Database.transaction` makes four functions for each call, this none. */
export class ReadTransaction {
  readonly #database: Sqlite;
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #rollback: Statement;

  constructor(database: Sqlite) {
    this.#database = database;
    this.#begin = database.prepare('BEGIN');
    this.#commit = database.prepare('COMMIT');
    this.#rollback = database.prepare('ROLLBACK');
  }

  run<Result>(call: () => Result): Result {
    if (this.#database.inTransaction) return call();
    this.#begin.run();
    try {
      const result = call();
      // What is called may have closed the store.
      if (this.#database.open) this.#commit.run();
      return result;
    } catch (error) {
      if (this.#database.open && this.#database.inTransaction) this.#rollback.run();
      throw error;
    }
  }
}
