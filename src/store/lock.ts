import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { StoreLockedError } from '../events/errors.js';
import { guard, openConnection, type Sqlite } from './sqlite.js';

/**
 * Keeps other engines away from a store for as long as it is held: an exclusive transaction on a small file
 * beside it. The operating system drops the lock when the process dies, however it dies; the empty file stays,
 * because removing it would let two processes hold locks on two files of the same name.
 *
 * @throws StoreLockedError when another engine, in this process or another, has the store open.
 */
export function lockStore(path: string): Sqlite {
  const lockPath = `${realPath(path)}-lock`;
  let connection: Sqlite | undefined;
  try {
    connection = openConnection(lockPath, { readonly: false, timeout: 0 });
    const locked = connection;
    guard(lockPath, () => locked.exec('BEGIN EXCLUSIVE'));
    return locked;
  } catch (error) {
    connection?.close();
    if (!(error instanceof StoreLockedError)) throw error;
    throw new StoreLockedError(
      `Store ${path} is already open in an engine, of this process or another. Close that one first, or choose another path.`,
      { cause: error },
    );
  }
}

/** The path behind links, so that a store has one lock under all its names. */
export function realPath(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  return join(realpathSync(dirname(path)), basename(path));
}
