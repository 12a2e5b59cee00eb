import { type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  ForeignStoreError,
  NewerStoreError,
  OlderStoreError,
  StoreCorruptError,
  StoreLockedError,
  StorePathError,
} from '../kernel/errors.js';
import { reasonOf } from '../kernel/thrown.js';
import { readHeader, walBytes } from './file-header.js';
import { APPLICATION_ID, FORMAT_VERSION, OLDER_FORMATS } from './schema.js';
import { openConnection, toStoreError } from './sqlite.js';

const MAGIC = 'SQLite format 3\0';

/** What a header says of a file: whose it is, and in which format. */
interface Identity {
  readonly application: number;
  readonly format: number;
}

/**
 * Looks at what a path names before SQLite does anything with it, so that a foreign file is not even locked.
 *
 * @returns whether there is a store already; false for a missing or empty file.
 * @throws StorePathError, ForeignStoreError, NewerStoreError, OlderStoreError or StoreCorruptError.
 */
export function checkStoreFile(path: string): boolean {
  const stats = statOf(path);
  if (!stats) return false;
  refuseNoFile(path, stats);
  if (stats.size === 0) return false;
  const { application, format } = identityOf(path, stats);
  if (application !== APPLICATION_ID) {
    throw new ForeignStoreError(
      `Store ${path} is another program's SQLite file. It was not changed; choose another path.`,
    );
  }
  if (format > FORMAT_VERSION) {
    throw new NewerStoreError(
      `Store ${path} has format ${format}, this Millrace knows ${FORMAT_VERSION}. It was not changed; update millrace.`,
      { details: { format } },
    );
  }
  const reader = OLDER_FORMATS[format];
  if (reader !== undefined) {
    throw new OlderStoreError(
      `Store ${path} has format ${format}, which ${reader} reads; this Millrace reads format ${FORMAT_VERSION}. It was not changed; open it with that version, or choose another path.`,
      { details: { format } },
    );
  }
  return true;
}

/** @throws StorePathError for a path without a store. */
export function noStore(path: string): StorePathError {
  return new StorePathError(`Store ${path} does not exist or is empty.`);
}

/** The header's layout is section 1.3 of SQLite's file format documentation. */
function identityOf(path: string, stats: Stats): Identity {
  const header = readHeader(path, stats);
  refuseSecondName(path, stats, header);
  if (!header) return identityBySqlite(path);
  if (header.toString('latin1', 0, 16) !== MAGIC) {
    throw new ForeignStoreError(
      `Store ${path} is not a SQLite file. It was not changed; choose another path.`,
    );
  }
  refuseForeignWal(path, header);
  return { application: header.readUInt32BE(68), format: header.readUInt32BE(60) };
}

/** For a file that this process has open: reading it past SQLite would drop the locks; see `readHeader`. */
function identityBySqlite(path: string): Identity {
  const database = openConnection(path, { readonly: true });
  try {
    const pragma = (name: string) => Number(database.pragma(name, { simple: true }));
    return { application: pragma('application_id') >>> 0, format: pragma('user_version') >>> 0 };
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'SQLITE_NOTADB') throw toStoreError(path, error);
    throw new ForeignStoreError(
      `Store ${path} is not a SQLite file. It was not changed; choose another path.`,
      { cause: error },
    );
  } finally {
    database.close();
  }
}

/**
 * A closed store is not in WAL mode, which `Writer.close` sees to: a WAL beside it belongs to another file, and
 * SQLite would mix its pages in without a word.
 */
function refuseForeignWal(path: string, header: Buffer): void {
  const bytes = header[18] === 1 && header[19] === 1 ? walBytes(path) : 0;
  if (bytes === 0) return;
  throw new StoreCorruptError(
    `Store ${path} was closed and has no WAL, but ${path}-wal lies beside it with ${bytes} bytes: it belongs to another file. Nothing was changed; move the -wal file away.`,
  );
}

/**
 * A store that was not closed may have events in its WAL only, and that lies beside one of its names.
 *
 * @param header undefined: it may be open in this process.
 */
function refuseSecondName(path: string, stats: Stats, header: Buffer | undefined): void {
  const wasClosed = header !== undefined && header[19] !== 2;
  if (stats.nlink === 1 || wasClosed || walBytes(path) > 0) return;
  throw new StoreLockedError(
    `Store ${path} has ${stats.nlink} names (hard links), and is open under another one or was not closed there: what is in its -wal file would be missing here. Open it by the name that has the -wal file beside it, or make a real copy of the closed store.`,
  );
}

function refuseNoFile(path: string, stats: Stats): void {
  if (stats.isDirectory()) {
    throw new StorePathError(`Store ${path} is a directory. Name a file in it, such as ${path}/events.db.`);
  }
  if (stats.isFile()) return;
  throw new StorePathError(
    `Store ${path} is ${kindOf(stats)}, and a store is a regular file. Choose another path.`,
  );
}

function kindOf(stats: Stats): string {
  if (stats.isCharacterDevice() || stats.isBlockDevice()) return 'a device';
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isSocket()) return 'a socket';
  return 'no file';
}

function statOf(path: string): Stats | undefined {
  try {
    return statWithFolder(path);
  } catch (error) {
    if (error instanceof StorePathError) throw error;
    throw new StorePathError(`Store ${path} cannot be used: ${reasonOf(error)}.`, { cause: error });
  }
}

function statWithFolder(path: string): Stats | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats) return stats;
  const folder = statSync(dirname(path), { throwIfNoEntry: false });
  if (!folder) {
    throw new StorePathError(`Store ${path}: the folder ${dirname(path)} does not exist. Create it first.`);
  }
  if (!folder.isDirectory()) {
    throw new StorePathError(`Store ${path} cannot be used: ${dirname(path)} is not a folder.`);
  }
  return undefined;
}
