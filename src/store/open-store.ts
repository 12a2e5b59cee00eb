import { existsSync } from 'node:fs';
import { StoreLockedError } from '../kernel/errors.js';
import { checkStoreFile, noStore } from './file-check.js';
import { StoreLock } from './lock.js';
import { checkSchema } from './schema-check.js';
import { openConnection, type Sqlite, toStoreError } from './sqlite.js';
import { refuseUnlocked } from './unlocked.js';

// Whatever opens a store does it here: nothing reads or writes a table of a file that was not looked at.

/** A store that is open for writing; nobody else has it so. */
export interface WritableStore {
  readonly database: Sqlite;
  /** Whether there are no tables yet. */
  readonly isNew: boolean;
  /** Closes the file and lets go of the lock. */
  close(): void;
}

/**
 * Opens a store for writing, under the lock of its name and of its file.
 *
 * @param mustExist refuse to make a new one.
 * @throws the errors of `checkStoreFile`, StoreLockedError, StoreCorruptError; nothing stays open then.
 */
export function openForWriting(path: string, { mustExist = false } = {}): WritableStore {
  const exists = checkStoreFile(path);
  if (!exists && mustExist) throw noStore(path);
  const lock = new StoreLock(path);
  let database: Sqlite | undefined;
  const close = () => {
    try {
      database?.close();
    } finally {
      lock.close();
    }
  };
  try {
    if (existsSync(path)) lock.nameFile();
    // Makes the file if there is none.
    database = openConnection(path, { readonly: false, mustExist });
    lock.nameFile();
    // A process that was killed while it created the store has left a header of ours and a journal, which SQLite
    // rolls back only now.
    const isNew = !exists || isEmpty(database);
    if (!isNew) checkSchema(database);
    else if (mustExist) throw noStore(path);
    return { database, isNew, close };
  } catch (error) {
    close();
    throw toStoreError(path, error);
  }
}

/**
 * Opens a store for reading.
 *
 * @param schema `report`: the caller looks at the schema itself, before anything else.
 * @throws StorePathError when there is no store, the errors of `checkStoreFile`, StoreLockedError when an engine has it
 * open and has lost its locks, StoreCorruptError.
 */
export function openForReading(path: string, schema: 'check' | 'report' = 'check'): Sqlite {
  if (!checkStoreFile(path)) throw noStore(path);
  refuseUnlocked(path);
  const database = openConnection(path, { readonly: true });
  try {
    if (schema === 'check') checkSchema(database);
    return database;
  } catch (error) {
    // A damaged schema is noticed here.
    database.close();
    throw toStoreError(path, error);
  }
}

/**
 * Has a store that nobody else has open leave WAL mode, so that no file lies beside it: it can then be read by
 * anybody, from a read-only folder too, without one being made, and a WAL that lies there all the same is not its
 * own. With readers about it stays in WAL mode, which is the next one's to end.
 */
export function leaveWal(database: Sqlite): void {
  try {
    database.pragma('busy_timeout = 0');
    database.pragma('journal_mode = DELETE');
  } catch (error) {
    if (!(toStoreError(database.name, error) instanceof StoreLockedError)) throw error;
  }
}

function isEmpty(database: Sqlite): boolean {
  return database.prepare('SELECT 1 FROM sqlite_schema').get() === undefined;
}
