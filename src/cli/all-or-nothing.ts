import { type InterruptCode, Interrupts } from './interrupts.js';
import { complain } from './output.js';

/**
 * Runs work that leaves nothing behind when Ctrl-C ends it.
 *
 * @param progress the line that shows how far it is; wiped before anything else is printed.
 * @param done says what came of it.
 * @returns the command's exit code.
 * @throws what the work throws.
 */
export async function allOrNothing<Result>(
  progress: { clear(): void },
  work: (signal: AbortSignal) => Promise<Result>,
  done: (result: Result) => Promise<void>,
): Promise<0 | InterruptCode> {
  using interrupts = new Interrupts(() => progress.clear());
  try {
    const result = await work(interrupts.signal);
    progress.clear();
    await done(result);
    return 0;
  } catch (error) {
    progress.clear();
    if (interrupts.code === undefined) throw error;
    complain('Interrupted: nothing was written.\n');
    return interrupts.code;
  }
}
