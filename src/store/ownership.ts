import { randomBytes } from 'node:crypto';
import type { Statement } from 'better-sqlite3';
import { StoreLockedError } from '../kernel/errors.js';
import type { Sqlite } from './sqlite.js';

/**
 * Who writes into a store: a token of the last one who opened it for writing, in the store itself. Locks can be lost;
 * this cannot be: it is compared in the transaction of each commit, so of two writers that both believe to be alone
 * the earlier one writes nothing more. (2 µs a commit.)
 */
export class Ownership {
  readonly #path: string;
  readonly #token = randomBytes(12).toString('hex');
  readonly #put: Statement;
  readonly #isOurs: Statement;

  constructor(database: Sqlite) {
    this.#path = database.name;
    this.#put = database.prepare("INSERT OR REPLACE INTO meta VALUES ('owner', ?)");
    this.#isOurs = database.prepare("SELECT value = ? FROM meta WHERE key = 'owner'").pluck();
  }

  /** Becomes the owner, inside the caller's transaction. */
  take(): void {
    this.#put.run(this.#token);
  }

  /** Inside the caller's transaction. @throws StoreLockedError when there has been another writer since `take`. */
  check(): void {
    if (this.#isOurs.get(this.#token) === 1) return;
    throw new StoreLockedError(
      `Store ${this.#path} was opened for writing by another program while it was open here: its locks were lost, or its folder is shared between machines. Nothing was written since; what was acknowledged is in the store. Close one of the two.`,
    );
  }
}
