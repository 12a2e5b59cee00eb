import { StoreCorruptError, StoreLockedError } from '../kernel/errors.js';
import { InodeName } from './inode-name.js';
import { realPath } from './real-path.js';
import { guard, openConnection, type Sqlite } from './sqlite.js';

/**
 * Keeps other engines away from a store for as long as it is held, in two ways.
 *
 * An exclusive transaction on a small file beside the store works everywhere, also between containers that share a
 * folder. The empty file stays, because removing it would let two processes hold locks on two files of the same
 * name. But it locks a name, so it says nothing when the store has a second name (a hard link) or the file was
 * deleted; and POSIX locks of a process are dropped when anything in it opens and closes the file, as a copy of the
 * folder does. Therefore `nameFile` takes a name of the operating system for the store's own file besides.
 *
 * The operating system lets go of both when the process dies, however it dies.
 */
export class StoreLock {
  readonly #path: string;
  readonly #connection: Sqlite;
  #name: InodeName | undefined;

  /** @throws StoreLockedError when another engine, in this process or another, has the store open. */
  constructor(path: string) {
    this.#path = path;
    const lockPath = `${realPath(path)}-lock`;
    let connection: Sqlite | undefined;
    try {
      connection = openConnection(lockPath, { readonly: false, timeout: 0 });
      const locked = connection;
      guard(lockPath, () => locked.exec('BEGIN EXCLUSIVE'));
      this.#connection = locked;
    } catch (error) {
      connection?.close();
      if (error instanceof StoreLockedError) throw locked(path, error);
      if (!(error instanceof StoreCorruptError)) throw error;
      throw new StoreCorruptError(
        `${lockPath} is no lock file any more; something wrote into it. The store itself was not looked at. The lock file holds nothing: when no engine has the store open, remove it and open again.`,
        { cause: error, details: { store: path } },
      );
    }
  }

  /**
   * Locks the file itself. A file that was there is locked before SQLite opens it: one that believes itself alone
   * with a WAL clears the shared memory beside it, under the feet of an engine whose other locks are gone.
   *
   * @throws StoreLockedError
   */
  nameFile(): void {
    this.#name ??= InodeName.take(this.#path);
    if (this.#name === undefined) throw locked(this.#path);
  }

  close(): void {
    try {
      this.#name?.release();
    } finally {
      this.#connection.close();
    }
  }
}

function locked(path: string, cause?: Error): StoreLockedError {
  return new StoreLockedError(
    `Store ${path} is already open in an engine, of this process or another. Close that one first, or choose another path.`,
    { cause },
  );
}
