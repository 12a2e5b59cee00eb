import { Worker } from 'node:worker_threads';
import { ownFile } from '../events/own-files.js';
import { threadArguments } from '../events/thread-arguments.js';

export type CheckpointRequest = 'checkpoint' | 'close';
export type CheckpointReply = 'done';

/**
 * Moves the WAL into the file on a thread of its own, so that no commit waits for it: 64 MiB take a quarter of
 * a second. A passive checkpoint and a writer do not block each other. (SQLite up to 3.51.2 could corrupt a
 * file when two connections wrote and checkpointed at once; `openConnection` refuses those.)
 */
export class Checkpointer {
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  #busy = false;
  #closing = false;

  /** @param onDone called after each checkpoint. @param onError called when the thread fails. */
  constructor(path: string, onDone: () => void, onError: (error: unknown) => void) {
    this.#worker = new Worker(ownFile('workers/checkpoint.js'), {
      name: 'checkpointer',
      workerData: path,
      ...threadArguments('own'),
    });
    // Not `once`: that rejects when the thread fails, and a failed thread has ended as well.
    this.#ended = new Promise((resolve) => {
      this.#worker.on('exit', () => resolve());
    });
    this.#worker.on('error', onError);
    this.#worker.on('message', () => {
      this.#busy = false;
      if (!this.#closing) onDone();
    });
    this.#worker.unref();
  }

  /** Begins a checkpoint unless one is running. */
  start(): void {
    if (this.#busy || this.#closing) return;
    this.#busy = true;
    this.#post('checkpoint');
  }

  /** Resolves when the running checkpoint and the thread have ended, also when the thread has failed before. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#worker.ref();
    this.#post('close');
    await this.#ended;
  }

  #post(request: CheckpointRequest): void {
    this.#worker.postMessage(request);
  }
}
