import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { InputError } from '../kernel/errors.js';
import { READ_PIECE_BYTES } from './limits.js';

export interface BoundedRead {
  /** Bytes that are taken; one more is an error. */
  readonly limit: number;
  /** What a larger file should become, as a sentence. */
  readonly advice: string;
  /** Whether pipes and devices are read as well as files. Without it nothing is opened that could wait for a writer. */
  readonly streams?: boolean;
}

/**
 * Reads a file whole, or up to its limit: what has a size is measured before anything is read, and what has none, such
 * as a pipe or a device, is counted while it is read. No more than the limit is ever held.
 *
 * @throws InputError when it does not exist, cannot be read, is a folder, is no file where only files will do, or is
 * larger than the limit (`details.limit`).
 */
export function readBounded(path: string, how: BoundedRead): Buffer {
  const file = opened(path, how);
  try {
    const stats = fstatSync(file);
    if (stats.isDirectory()) throw new InputError(`'${path}' is a directory. Pass the path of a file.`);
    if (stats.isFile()) {
      if (stats.size > how.limit) throw tooLarge(path, `has ${stats.size} bytes`, how);
    } else if (!how.streams) {
      throw new InputError(`'${path}' is a pipe or a device. Pass the path of a file.`);
    }
    return readUpTo(file, path, stats.size, how);
  } catch (error) {
    throw error instanceof InputError ? error : unreadable(path, error);
  } finally {
    closeSync(file);
  }
}

function opened(path: string, { streams }: BoundedRead): number {
  try {
    // A pipe without a writer would be waited for.
    return openSync(path, streams ? constants.O_RDONLY : constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** A size is no promise: a file in /proc has 0, and another may grow while it is read. */
function readUpTo(file: number, path: string, size: number, how: BoundedRead): Buffer {
  const pieces: Buffer[] = [];
  let total = 0;
  for (;;) {
    const piece = Buffer.allocUnsafe(Math.min(Math.max(size - total, READ_PIECE_BYTES), how.limit + 1));
    const count = readSync(file, piece, 0, piece.length, null);
    if (count === 0) return Buffer.concat(pieces, total);
    total += count;
    if (total > how.limit) throw tooLarge(path, 'goes on', how);
    pieces.push(count === piece.length ? piece : Buffer.from(piece.subarray(0, count)));
  }
}

function tooLarge(path: string, what: string, { limit, advice }: BoundedRead): InputError {
  return new InputError(`'${path}' ${what}; the limit is ${limit} bytes. ${advice}`, { details: { limit } });
}

function unreadable(path: string, error: unknown): InputError {
  const { code } = error as NodeJS.ErrnoException;
  const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? String(error)})`;
  return new InputError(`The file '${path}' ${why}. Check the path.`, { cause: error });
}
