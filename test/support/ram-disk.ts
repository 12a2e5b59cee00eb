import { accessSync, constants, statfsSync } from 'node:fs';

/** Where Linux has a file system in memory. */
const SHARED_MEMORY = '/dev/shm';

/** The largest test writes files of a few hundred megabytes, and two test files run at once. */
const LEAST_FREE_BYTES = 3 * 1024 ** 3;

/**
 * A folder in memory for the stores of tests, if this machine has one. There an fsync costs nothing, and a suite that opens
 * thousands of stores takes a fraction of the time. What a real file system does (inodes that are used again, a disk
 * that is full, processes that are killed while they write) is tested on one: see test/system.
 */
export function ramDisk(): string | undefined {
  if (process.env.MILLRACE_THOROUGH === '1') return undefined;
  try {
    accessSync(SHARED_MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(SHARED_MEMORY);
    return bavail * bsize >= LEAST_FREE_BYTES ? SHARED_MEMORY : undefined;
  } catch {
    return undefined;
  }
}
