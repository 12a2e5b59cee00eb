import { readFileSync, statSync } from 'node:fs';

const TABLE = '/proc/locks';

/** The inodes on which this process holds POSIX locks, as the kernel lists them. */
function lockedInodes(): ReadonlySet<number> {
  // 1: POSIX  ADVISORY  READ 4711 fe:00:2220067 128 128
  const own = readFileSync(TABLE, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , , pid]) => Number(pid) === process.pid);
  return new Set(own.map(([, , , , , file = '']) => Number(file.split(':').at(-1))));
}

/** Those of an open store's files, by suffix, on which this process should hold a lock and holds none. */
export function lostLocks(store: string): string[] {
  const locked = lockedInodes();
  return ['', '-shm', '-lock'].filter((suffix) => !locked.has(statSync(store + suffix).ino));
}
