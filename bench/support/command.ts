import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileSystemOf } from './machine.js';
import type { Report } from './report.js';

/** The bench folder; this file runs from bench/dist/support. */
export const BENCH_DIRECTORY = fileURLToPath(new URL('../../', import.meta.url));

/** Where benches write their files, unless told otherwise. */
export const DATA_DIRECTORY = join(BENCH_DIRECTORY, '.data');

const DOCS_DIRECTORY = join(BENCH_DIRECTORY, '..', 'docs');
export const PERFORMANCE_PAGE = join(DOCS_DIRECTORY, 'performance.md');
export const PLOTS_DIRECTORY = join(DOCS_DIRECTORY, 'plots');

const RESULTS = join(BENCH_DIRECTORY, 'results');

/**
 * Makes the data folder and removes what killed benches left there. Folders bear the id of the process that made
 * them, because two benches may run at once, and neither may take the other's files away.
 *
 * @throws on a file system in memory, where an fsync costs nothing.
 */
export function prepareData(directory: string): void {
  mkdirSync(directory, { recursive: true });
  const fileSystem = fileSystemOf(directory);
  if (fileSystem === 'tmpfs' || fileSystem === 'ramfs') {
    throw new Error(
      `${directory} lies on ${fileSystem}, which has no disk to wait for. Pass --data DIRECTORY.`,
    );
  }
  for (const name of readdirSync(directory)) {
    const owner = /^(?:run|kept)-(\d+)-/.exec(name)?.[1];
    if (owner && !isAlive(Number(owner))) rmSync(join(directory, name), { recursive: true, force: true });
  }
}

/** Signal 0 asks and does nothing; EPERM means that there is such a process, of somebody else. */
function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Keeps a report as the last one of its bench, for plots and tables. */
export function saveReport(report: Report): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, `${report.bench}.json`), `${JSON.stringify(report, undefined, 2)}\n`);
}

/** The last report of a bench. */
export function loadReport(bench: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(join(RESULTS, `${bench}.json`), 'utf8')) as Report;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Progress goes to stderr, so that stdout stays a table or JSON. */
export function logProgress(line: string): void {
  process.stderr.write(`  ${line}\n`);
}
