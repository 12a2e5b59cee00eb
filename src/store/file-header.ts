import { closeSync, fstatSync, openSync, readdirSync, readSync, type Stats, statSync } from 'node:fs';
import { StorePathError } from '../kernel/errors.js';
import { realPath } from './real-path.js';

const HEADER_BYTES = 100;

/** Where Linux lists the descriptors of this process, those of all its threads and of each copy of SQLite in it. */
const DESCRIPTORS = '/proc/self/fd';

/**
 * The first 100 bytes of a SQLite file, read without SQLite.
 *
 * Closing *any* descriptor of a file drops every POSIX lock that the process has on it. SQLite takes care of that for
 * the descriptors that it opened itself, so a file that this process may have open is never opened here.
 *
 * @returns undefined when this process may have the file open: ask SQLite then.
 * @throws StorePathError when it cannot be read.
 */
export function readHeader(path: string, stats: Stats): Buffer | undefined {
  if (isOpenHere(path, stats)) return undefined;
  const header = Buffer.alloc(HEADER_BYTES);
  try {
    const file = openSync(path, 'r');
    try {
      readSync(file, header, 0, header.length, 0);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new StorePathError(`Store ${path} cannot be read: ${(error as Error).message}.`, { cause: error });
  }
  return header;
}

/** How many bytes the WAL beside a file has; 0 when there is none. */
export function walBytes(path: string): number {
  return statSync(`${realPath(path)}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}

/** Whether this process has the file open, under whatever name; true when that cannot be told. */
function isOpenHere(path: string, stats: Stats): boolean {
  if (process.platform === 'win32') return false;
  const descriptors = ownDescriptors();
  if (descriptors) return descriptors.some((descriptor) => isOf(descriptor, stats));
  // Where they are not listed: whatever has a store open has its WAL beside it, unless it knows it by a second name.
  return stats.nlink > 1 || statSync(`${realPath(path)}-wal`, { throwIfNoEntry: false }) !== undefined;
}

function ownDescriptors(): readonly number[] | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return readdirSync(DESCRIPTORS).map(Number);
  } catch {
    // A container without /proc: the caller has another way to tell.
    return undefined;
  }
}

function isOf(descriptor: number, { dev, ino }: Stats): boolean {
  try {
    const found = fstatSync(descriptor);
    return found.ino === ino && found.dev === dev;
  } catch {
    // It was closed meanwhile, as the one that listed the folder was.
    return false;
  }
}
