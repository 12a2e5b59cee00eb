import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { tempFolder } from '../../support/temp-folder.js';

const SCRIPT = fileURLToPath(new URL('../../fixtures/publish-one-by-one.mjs', import.meta.url));
const COMMITS = 40;

/** Whether system calls can be watched here: strace may be missing, or forbidden. */
const canTrace = spawnSync('strace', ['-e', 'trace=fsync', 'true']).status === 0;

/** How often a process that publishes so many events, one by one, tells the disk to write what it has. */
function syncs(durability: 'disk' | 'os', count: number): number {
  const folder = tempFolder();
  const trace = join(folder, 'trace');
  const command = [process.execPath, SCRIPT, join(folder, 'events.db'), durability, String(count)];
  const options = ['-f', '-o', trace, '-e', 'trace=fsync,fdatasync'];
  const { status, stderr } = spawnSync('strace', [...options, ...command], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return readFileSync(trace, 'utf8').match(/\bf(data)?sync\(/g)?.length ?? 0;
}

/** Syncs of the commits alone, without those of creating, opening and closing. */
const syncsOfCommits = (durability: 'disk' | 'os') => syncs(durability, COMMITS + 1) - syncs(durability, 1);

test('a commit is synced to the disk at `disk`, and not at `os`', (context) => {
  if (!canTrace) context.skip('strace is not installed, or not allowed to trace.');
  expect(syncsOfCommits('disk')).toBeGreaterThanOrEqual(COMMITS);
  // An idle writer checkpoints, which syncs: on a slow machine that may happen between two commits.
  expect(syncsOfCommits('os')).toBeLessThan(COMMITS / 4);
});
