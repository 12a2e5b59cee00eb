import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** A script of test/fixtures in a process of its own. */
export class Child {
  readonly lines: string[] = [];
  readonly #process: ChildProcess;
  readonly #exit: Promise<unknown[]>;
  readonly #reader: AsyncIterator<string>;

  constructor(script: string, ...args: string[]) {
    const path = fileURLToPath(new URL(`../fixtures/${script}`, import.meta.url));
    this.#process = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#exit = once(this.#process, 'exit');
    this.#reader = createInterface({ input: this.#process.stdout as NodeJS.ReadableStream })[
      Symbol.asyncIterator
    ]();
    onTestFinished(async () => {
      this.#process.kill('SIGKILL');
      await this.#exit;
    });
  }

  /** Resolves when the script has written so many lines; rejects when it ended before. */
  async wrote(count: number): Promise<void> {
    while (this.lines.length < count) {
      const { value, done } = await this.#reader.next();
      if (done) throw new Error(`The script ended after ${this.lines.length} lines.`);
      this.lines.push(value);
    }
  }

  /** Kills the process at once, and reads everything that it had written. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.ended();
  }

  /** Sends the process a signal. */
  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Resolves when the process has ended, with how it did, and everything that it had written is read. */
  async ended(): Promise<{ readonly code: unknown; readonly signal: unknown }> {
    const [code, signal] = await this.#exit;
    for (let line = await this.#reader.next(); !line.done; line = await this.#reader.next()) {
      this.lines.push(line.value);
    }
    return { code, signal };
  }
}
