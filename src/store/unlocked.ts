import { readFileSync, statSync } from 'node:fs';
import { StoreLockedError } from '../kernel/errors.js';
import { InodeName } from './inode-name.js';
import { realPath } from './real-path.js';

/** Many times what an engine takes from the name of the file to its lock. */
const OPENING_MS = 200;

/** UNIX_SHM_DMS. */
const IN_USE_BYTE = 128;

/** Where Linux lists the locks of all processes that can be seen from here. */
const LOCKS = '/proc/locks';

/**
 * Refuses to read a store beside an engine that has lost its locks on it, because a file of it was opened and closed
 * in the engine's own process, as a copy of the folder does. A reader would take the store for closed and clear the
 * shared memory that the engine has mapped: the engine would stop, or its process die of SIGBUS.
 *
 * @throws StoreLockedError. Where such an engine cannot be seen (not on Linux, from another container) it is not found.
 */
export function refuseUnlocked(path: string): void {
  if (holderWithoutLock(path) === undefined) return;
  // One that is just opening has the name first and the lock a moment later.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, OPENING_MS);
  const holder = holderWithoutLock(path);
  if (holder === undefined) return;
  throw new StoreLockedError(
    `Store ${path} is open in an engine (process ${holder}) that has lost its locks on the file, because its own process opened and closed the file besides, as a copy of the folder does. Reading it from outside could end that engine. Read it through the engine, or close the engine first.`,
    { details: { store: path, process: holder } },
  );
}

function holderWithoutLock(path: string): number | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const shared = statSync(`${realPath(path)}-shm`, { throwIfNoEntry: false });
    if (!shared) return undefined;
    const holder = InodeName.holderOf(path);
    // In the same process SQLite knows its own connections without locks.
    if (holder === undefined || holder === process.pid) return undefined;
    return isLocked(shared.ino) ? undefined : holder;
  } catch {
    // Without /proc there is no telling.
    return undefined;
  }
}

/**
 * Whether somebody has the byte of the shared memory file locked that says that it is in use ("dead man's switch" in
 * SQLite's os_unix.c); others are locked for the time of a commit only. A line of /proc/locks ends with the file as
 * `major:minor:inode`, and with its first and last locked byte.
 */
function isLocked(inode: number): boolean {
  return readFileSync(LOCKS, 'latin1').includes(`:${inode} ${IN_USE_BYTE} ${IN_USE_BYTE}\n`);
}
