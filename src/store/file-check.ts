import { closeSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ForeignStoreError, NewerStoreError, StorePathError } from '../events/errors.js';
import { reasonOf } from '../events/thrown.js';
import { APPLICATION_ID, FORMAT_VERSION } from './schema.js';

const MAGIC = 'SQLite format 3\0';

/**
 * Looks at the file without SQLite, so that a foreign file is not even locked. The header's layout is
 * section 1.3 of SQLite's file format documentation.
 *
 * @returns whether there is a store already; false for a missing or empty file.
 * @throws StorePathError, ForeignStoreError or NewerStoreError.
 */
export function checkStoreFile(path: string): boolean {
  const stats = statOf(path);
  if (!stats) return false;
  if (stats.isDirectory()) {
    throw new StorePathError(`Store ${path} is a directory. Name a file in it, such as ${path}/events.db.`);
  }
  if (stats.size === 0) return false;
  const header = readHeader(path);
  if (header.toString('latin1', 0, 16) !== MAGIC) {
    throw new ForeignStoreError(
      `Store ${path} is not a SQLite file. It was not changed; choose another path.`,
    );
  }
  if (header.readUInt32BE(68) !== APPLICATION_ID) {
    throw new ForeignStoreError(
      `Store ${path} is another program's SQLite file. It was not changed; choose another path.`,
    );
  }
  const format = header.readUInt32BE(60);
  if (format > FORMAT_VERSION) {
    throw new NewerStoreError(
      `Store ${path} has format ${format}, this Millrace knows ${FORMAT_VERSION}. It was not changed; update millrace.`,
      { details: { format } },
    );
  }
  return true;
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
  if (!statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory()) {
    throw new StorePathError(`Store ${path}: the folder ${dirname(path)} does not exist. Create it first.`);
  }
  return undefined;
}

function readHeader(path: string): Buffer {
  const header = Buffer.alloc(100);
  try {
    const file = openSync(path, 'r');
    try {
      readSync(file, header, 0, header.length, 0);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new StorePathError(`Store ${path} cannot be read: ${reasonOf(error)}.`, { cause: error });
  }
  return header;
}
