import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../fixtures/use-stores.mjs', import.meta.url));

/** A use of a small store that takes longer has no end. */
const HUNG_MILLISECONDS = 20_000;

/** The uses that test/fixtures/use-stores.mjs knows. */
export type StoreUse = 'read' | 'verify' | 'engine' | 'letters' | 'retry' | 'discard';

export interface UseOutcome {
  readonly value?: number;
  /** The most memory that the process has had so far, in bytes. */
  readonly peak?: number;
  readonly error?: {
    readonly name: string;
    readonly code?: string;
    readonly message: string;
    readonly length: number;
  };
}

/** Uses stores in a process of its own, which a hostile one may hang or end. */
export class StoreUser {
  #process: ChildProcess | undefined;

  /** What came of a use. @throws when the process hung or ended. */
  async use(store: string, use: StoreUse): Promise<UseOutcome> {
    const child = this.#start();
    const waiting = new AbortController();
    const answer = once(child, 'message', { signal: waiting.signal });
    const exit = once(child, 'exit', { signal: waiting.signal });
    const timer = setTimeout(() => child.kill('SIGKILL'), HUNG_MILLISECONDS);
    const started = performance.now();
    child.send({ store, use });
    try {
      const outcome = await Promise.race([
        answer.then(([message]) => message as UseOutcome),
        exit.then(([code, signal]) => {
          this.#process = undefined;
          const seconds = ((performance.now() - started) / 1000).toFixed(1);
          throw new Error(`${use} ended the process after ${seconds} s with ${signal ?? code}.`);
        }),
      ]);
      return outcome;
    } finally {
      clearTimeout(timer);
      waiting.abort();
      await Promise.allSettled([answer, exit]);
    }
  }

  async close(): Promise<void> {
    const child = this.#process;
    if (!child) return;
    const exit = once(child, 'exit');
    this.#process = undefined;
    child.disconnect();
    await exit;
  }

  #start(): ChildProcess {
    // Little memory, so that an allocation that a store asks for is an end, and not a slow machine.
    this.#process ??= fork(SCRIPT, {
      execArgv: ['--max-old-space-size=400'],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    return this.#process;
  }
}
