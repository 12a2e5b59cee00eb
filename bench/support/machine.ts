import { readFileSync, realpathSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

/** Where a result was measured. Every result names it. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly node: string;
  readonly kernel: string;
  readonly fileSystem: string;
  /** Mean number of running processes in the minute before: above 0.5 others were at work, too. */
  readonly loadBefore: number;
}

export function describeMachine(directory: string): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    kernel: release(),
    fileSystem: fileSystemOf(directory),
    loadBefore: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}

/** The type of file system a folder lies on, from the mount table: the longest mount point that leads to it. */
export function fileSystemOf(directory: string): string {
  const path = `${realpathSync(directory)}/`;
  let best = { mountPoint: '', type: 'unknown' };
  let mounts: string;
  try {
    mounts = readFileSync('/proc/mounts', 'utf8');
  } catch {
    return `unknown (${process.platform})`;
  }
  for (const line of mounts.split('\n')) {
    const [, mountPoint, type] = line.split(' ');
    if (!mountPoint || !type) continue;
    const leads = path.startsWith(mountPoint === '/' ? '/' : `${mountPoint}/`);
    // A later mount on the same point hides the earlier one.
    if (leads && mountPoint.length >= best.mountPoint.length) best = { mountPoint, type };
  }
  return best.type;
}
