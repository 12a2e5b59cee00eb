import { fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Sample } from './sample.js';

/** Who is measured: a module of bench/contestants, and what it is told. */
export interface Contestant {
  readonly module: string;
  readonly options: object;
  /** Shown beside the others, but no target is about it: fewer runs will do. */
  readonly aside?: boolean;
  /** Started without flags for the benches' own convenience: source maps make loading a module dearer. */
  readonly plain?: boolean;
}

/** A contestant that no target is about. */
export function aside(contestant: Contestant): Contestant {
  return { ...contestant, aside: true };
}

/** What every contestant is told besides its own options: an empty folder on the bench's disk. */
export interface Scratch {
  readonly directory: string;
}

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url));

/** A run that takes longer than this hangs. */
const RUN_SECONDS_MAX = 3600;

/**
 * One run in a fresh process: nobody profits from another's compiled code, or pays for another's garbage. The
 * folder is removed afterwards.
 */
export async function runOnce(
  { module, options, plain = false }: Contestant,
  dataDirectory: string,
): Promise<Sample> {
  mkdirSync(dataDirectory, { recursive: true });
  const directory = mkdtempSync(join(dataDirectory, `run-${process.pid}-`));
  try {
    return await inChild(module, { ...options, directory }, plain);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function inChild(module: string, options: object, plain: boolean): Promise<Sample> {
  const child = fork(CHILD, [module, JSON.stringify(options)], {
    execArgv: plain ? [] : ['--expose-gc', '--enable-source-maps'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return new Promise((resolve, reject) => {
    let sample: Sample | undefined;
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(
        new Error(`Contestant '${module}' took more than ${RUN_SECONDS_MAX} s: ${JSON.stringify(options)}`),
      );
    }, RUN_SECONDS_MAX * 1000);
    child.on('message', (message) => {
      sample = message as Sample;
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      if (sample) resolve(sample);
      else
        reject(new Error(`Contestant '${module}' ended with ${signal ?? code}: ${JSON.stringify(options)}`));
    });
  });
}
