import { StoreLockedError } from '../kernel/errors.js';
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
      if (!(error instanceof StoreLockedError)) throw error;
      throw locked(path, error);
    }
  }

  /** Locks the file itself, once it exists. Before SQLite reads it. @throws StoreLockedError */
  nameFile(): void {
    this.#name = InodeName.take(this.#path);
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
