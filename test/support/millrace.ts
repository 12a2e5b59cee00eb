import { runMillrace } from '../../dist/src/cli/main.js';
import type { ScriptOutcome } from './run-script.js';
import { tempFolder } from './temp-folder.js';

/** Whatever is written to stdout or stderr meanwhile, as the text of both. */
async function captured(run: () => Promise<number>): Promise<ScriptOutcome> {
  const streams = { stdout: '', stderr: '' };
  const originals = Object.keys(streams).map((key) => {
    const name = key as keyof typeof streams;
    const { write } = process[name];
    process[name].write = (chunk: string | Uint8Array) => {
      streams[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      return true;
    };
    return () => {
      process[name].write = write;
    };
  });
  try {
    const code = await run();
    return { code, ...streams };
  } finally {
    for (const restore of originals) restore();
  }
}

/**
 * Runs a command line of `millrace` in this process, which takes milliseconds where a process of its own takes a
 * second. What only a process shows, such as its end by a signal, is tested with one.
 */
export function millrace(...args: readonly string[]): Promise<ScriptOutcome> {
  return captured(() => runMillrace(args));
}

/** As `millrace`, in an empty folder: for commands that make files where they are run. */
export async function millraceElsewhere(...args: readonly string[]): Promise<ScriptOutcome> {
  const here = process.cwd();
  process.chdir(tempFolder());
  try {
    return await millrace(...args);
  } finally {
    process.chdir(here);
  }
}
