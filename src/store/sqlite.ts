import { accessSync, constants } from 'node:fs';
import type Database from 'better-sqlite3';
import { requireOnce } from '../events/own-files.js';
import {
  SqliteMissingError,
  StoreCorruptError,
  StoreError,
  StoreFullError,
  StoreIoError,
  StoreLockedError,
  StorePathError,
} from '../kernel/errors.js';
import { requireNode } from '../kernel/node-version.js';
import { toError } from '../kernel/thrown.js';

export type Sqlite = Database.Database;

/** The oldest SQLite without the WAL-reset corruption bug (3.7.0 to 3.51.2). */
const SQLITE_FLOOR = [3, 51, 3];

let driver: typeof Database | undefined;

/** How a connection is opened. */
export interface ConnectionOptions {
  readonly readonly: boolean;
  /** Milliseconds to wait for a lock of another connection. */
  readonly timeout?: number;
  /** Refuse to make a new file. A read-only connection never does. */
  readonly mustExist?: boolean;
}

/** Opens a connection with the settings that every connection of a store has. @throws a coded error. */
export function openConnection(
  path: string,
  { readonly, timeout = 2000, mustExist = false }: ConnectionOptions,
): Sqlite {
  requireNode();
  const Connection = loadSqlite();
  const database = guard(path, () => new Connection(path, { readonly, timeout, fileMustExist: mustExist }));
  try {
    database.pragma('trusted_schema = OFF');
    database.pragma('cell_size_check = ON');
    database.pragma('mmap_size = 0');
    checkVersion(database.prepare('SELECT sqlite_version()').pluck().get() as string);
    return database;
  } catch (error) {
    database.close();
    throw toStoreError(path, error);
  }
}

/**
 * SQLite, loaded with the first connection: what lies in memory needs none, and must work where there is none.
 *
 * @throws SqliteMissingError
 */
export function loadSqlite(): typeof Database {
  if (driver) return driver;
  try {
    const loaded = requireOnce('better-sqlite3') as typeof Database;
    // The native part is loaded by the first connection only.
    new loaded(':memory:').close();
    driver = loaded;
    return loaded;
  } catch (cause) {
    throw new SqliteMissingError(
      `SQLite cannot be loaded on ${process.platform}-${process.arch} with Node.js ${process.version}: its native part (better-sqlite3) is missing or was made for another platform. Install again on this machine: remove node_modules, then 'npm install'; where there is no prebuilt one, 'npm rebuild better-sqlite3 --build-from-source' makes it. Without a store nothing of this is needed.`,
      { cause, details: { platform: process.platform, arch: process.arch } },
    );
  }
}

function checkVersion(version: string): void {
  const parts = version.split('.').map(Number);
  const differs = SQLITE_FLOOR.findIndex((part, index) => part !== parts[index]);
  if (differs < 0 || (parts[differs] as number) > (SQLITE_FLOOR[differs] as number)) return;
  throw new StoreError(`SQLite ${version} has the WAL-reset bug; install better-sqlite3 13.2.0.`);
}

/** Runs a SQLite call and turns its errors into coded ones that name the file. */
export function guard<Result>(path: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    throw toStoreError(path, error);
  }
}

/** A coded error for whatever SQLite threw. */
export function toStoreError(path: string, error: unknown): Error {
  if (!driver || !(error instanceof driver.SqliteError)) return toError(error);
  const options = { cause: error, details: { sqlite: error.code, store: path } };
  switch (error.code.split('_').slice(0, 2).join('_')) {
    case 'SQLITE_BUSY':
    case 'SQLITE_LOCKED':
      return new StoreLockedError(`Store ${path} is in use by another program: ${error.message}.`, options);
    case 'SQLITE_CANTOPEN':
      return new StorePathError(
        `Store ${path} cannot be opened: ${error.message}. See who may read and write it and its folder.`,
        options,
      );
    case 'SQLITE_READONLY':
      // Of a file that may be written only its own header can say so.
      return error.code === 'SQLITE_READONLY' && mayBeWritten(path)
        ? damaged(path, 'its header says that it may not be written', options)
        : new StorePathError(`Store ${path} cannot be opened for writing: ${error.message}.`, options);
    case 'SQLITE_PERM':
      return new StorePathError(`Store ${path} cannot be opened for writing: ${error.message}.`, options);
    case 'SQLITE_CORRUPT':
    case 'SQLITE_NOTADB':
      return damaged(path, error.message, options);
    case 'SQLITE_FULL':
      return new StoreFullError(
        `Store ${path}: the disk is full. Everything acknowledged is kept. Free some space and open it again.`,
        options,
      );
    case 'SQLITE_IOERR':
      return new StoreIoError(
        `Store ${path}: the disk failed (${error.code}: ${error.message}). Everything acknowledged before is kept as far as the disk kept it. Check the disk, then open the store again and run 'millrace verify'.`,
        options,
      );
    default:
      return new StoreError(`Store ${path}: SQLite reports ${error.code}: ${error.message}.`, options);
  }
}

/** What was thrown, when it says that the file is damaged. @throws it, as a coded error, when it says something else. */
export function damageIn(path: string, thrown: unknown): StoreCorruptError {
  const error = toStoreError(path, thrown);
  if (error instanceof StoreCorruptError) return error;
  throw error;
}

function damaged(path: string, what: string, options: ErrorOptions): StoreCorruptError {
  return new StoreCorruptError(
    `Store ${path} is damaged: ${what}. Run 'millrace verify' on it, which says whether a copy saves its events. Else restore it from a backup.`,
    options,
  );
}

function mayBeWritten(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs `work` in one transaction. After an error nothing of it is in the file. */
export function inTransaction(database: Sqlite, work: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    work();
    database.exec('COMMIT');
  } catch (error) {
    // After a failed COMMIT or a full disk SQLite has rolled back already; COMMIT is never issued again.
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
