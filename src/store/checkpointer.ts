import { decodeError, type WireError } from '../kernel/error-codec.js';
import { WriterCrashedError } from '../kernel/errors.js';
import { Thread } from '../threads/thread.js';
import type { PackResult } from './segments/packer.js';

export type CheckpointRequest =
  | { readonly kind: 'checkpoint' }
  /** Positions behind `after` up to `until`. */
  | { readonly kind: 'pack'; readonly after: number; readonly until: number }
  | { readonly kind: 'close' };

export type CheckpointReply =
  | { readonly kind: 'moved' }
  | { readonly kind: 'packed'; readonly result: PackResult }
  /** What was asked for last did not happen. */
  | { readonly kind: 'failed'; readonly error: WireError };

/** What is called when the thread is done with something. */
export interface CheckpointEvents {
  moved(): void;
  packed(result: PackResult): void;
  failed(error: unknown): void;
}

/**
 * Moves the WAL into the file on a thread of its own, so that no commit waits for it: 64 MiB take a quarter of
 * a second. A passive checkpoint and a writer do not block each other. (SQLite up to 3.51.2 could corrupt a
 * file when two connections wrote and checkpointed at once; `openConnection` refuses those.) Between checkpoints it
 * compresses cold segments, which the writer then puts into the file.
 */
export class Checkpointer {
  readonly #thread: Thread<CheckpointRequest, CheckpointReply>;
  #isMoving = false;
  #isPacking = false;
  #closing = false;

  constructor(path: string, events: CheckpointEvents) {
    this.#thread = new Thread({
      name: 'checkpointer',
      file: 'checkpoint.js',
      runs: 'own',
      workerData: path,
      heard: (reply: CheckpointReply) => this.#take(reply, events),
      ended: (thrown) => {
        if (!this.#closing) events.failed(thrown);
      },
    });
    this.#thread.hold(false);
  }

  /** Begins a checkpoint unless one is running. */
  start(): void {
    if (this.#isMoving || this.#closing) return;
    this.#isMoving = true;
    this.#thread.post({ kind: 'checkpoint' });
  }

  /** Begins to pack segments unless some are being packed. */
  pack(range: { readonly after: number; readonly until: number }): void {
    if (this.#isPacking || this.#closing) return;
    this.#isPacking = true;
    this.#thread.post({ kind: 'pack', ...range });
  }

  /** Resolves when what is running and the thread have ended, also when the thread has failed before. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#thread.hold(true);
    this.#thread.post({ kind: 'close' });
    await this.#thread.ended;
  }

  #take(reply: CheckpointReply, events: CheckpointEvents): void {
    switch (reply.kind) {
      case 'moved':
        this.#isMoving = false;
        if (!this.#closing) events.moved();
        break;
      case 'packed':
        this.#isPacking = false;
        if (!this.#closing) events.packed(reply.result);
        break;
      case 'failed':
        // Both stay as they are: after a failure nothing more is asked for.
        events.failed(decodeError(reply.error));
        break;
      default:
        events.failed(
          new WriterCrashedError(`Unknown checkpoint reply: ${JSON.stringify(reply satisfies never)}`),
        );
    }
  }
}
