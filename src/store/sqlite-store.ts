import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { decodeError, encodeError } from '../events/error-codec.js';
import { EngineClosedError, WriterCrashedError } from '../events/errors.js';
import { ownFile } from '../events/own-files.js';
import type { Slab } from '../events/slab.js';
import { threadArguments } from '../events/thread-arguments.js';
import { messageOf } from '../events/thrown.js';
import type { ProfileOrder, ThreadReading } from '../profile/thread-profiler.js';
import { WorkerSampler } from '../profile/worker-sampler.js';
import { checkStoreFile } from './file-check.js';
import type { StoreState, TypeToStore, WriterReply, WriterRequest } from './protocol.js';
import { SqliteReader } from './sqlite-reader.js';
import type { CommitBatch, EventReader, Store } from './store.js';

interface PendingCommit {
  readonly sequence: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A log in a SQLite file: the main thread's end of the writer thread, and a reader. */
export class SqliteStore implements Store {
  readonly location: string;
  readonly #synchronous: 'FULL' | 'NORMAL';
  readonly #run: string;
  readonly #pending: PendingCommit[] = [];
  readonly #knownSlabs = new Set<number>();
  readonly #sampler = new WorkerSampler();
  #worker: Worker | undefined;
  #reader: SqliteReader | undefined;
  #sequence = 0;
  #indexed = 0;
  #failure: Error | undefined;
  /** The thread has ended, or has closed the store and is about to end. */
  #exited = false;
  #closed = false;
  #onReply: ((reply: WriterReply) => void) | undefined;

  /** @param run the id prefix of a store that does not exist yet. */
  constructor(path: string, synchronous: 'FULL' | 'NORMAL', run: string) {
    this.location = resolve(path);
    this.#synchronous = synchronous;
    this.#run = run;
  }

  get indexed(): number {
    return this.#indexed;
  }

  get reader(): EventReader {
    if (this.#closed) throw new EngineClosedError('The engine is closed. Open it again before reading.');
    this.#reader ??= new SqliteReader(this.location, 'trusted');
    return this.#reader;
  }

  exists(): boolean {
    return checkStoreFile(this.location);
  }

  async open(types: readonly TypeToStore[]): Promise<StoreState> {
    this.#worker = new Worker(ownFile('workers/writer.js'), { name: 'writer', ...threadArguments('own') });
    this.#worker.on('message', (reply: WriterReply) => this.#take(reply));
    this.#worker.on('error', (error) => this.#crash(error));
    this.#worker.on('exit', () => {
      if (this.#exited) return;
      this.#exited = true;
      this.#crash(undefined);
    });
    const options = { path: this.location, synchronous: this.#synchronous, run: this.#run, types };
    try {
      const reply = await this.#ask({ kind: 'open', options }, 'opened');
      if (reply.kind !== 'opened') throw new WriterCrashedError(`The writer answered with '${reply.kind}'.`);
      this.#indexed = reply.state.indexed;
      // An engine that nobody closed must not keep the process alive; commits under way must.
      this.#worker.unref();
      return reply.state;
    } catch (error) {
      await this.#worker.terminate();
      throw error;
    }
  }

  commit(batch: CommitBatch): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    const sequence = ++this.#sequence;
    for (const { slab } of batch.segments) this.#introduce(slab);
    this.#post({
      kind: 'commit',
      sequence,
      segments: batch.segments.map(({ slab, from, to }) => ({ slab: slab.id, from, to })),
      progress: batch.progress,
      shapes: batch.shapes,
      ...(batch.deadLetters && { deadLetters: batch.deadLetters }),
      ...(batch.consumers && { consumers: batch.consumers }),
    });
    if (this.#pending.length === 0) this.#worker?.ref();
    return new Promise((resolveCommit, reject) => {
      this.#pending.push({ sequence, resolve: resolveCommit, reject });
    });
  }

  profile(order: ProfileOrder): Promise<ThreadReading | undefined> {
    return this.#sampler.obey(this.#worker, order, async (part) => {
      const reply = await this.#ask({ kind: 'profile', order: part }, 'profiled');
      return reply.kind === 'profiled' ? reply.reading : undefined;
    });
  }

  forget(slab: Slab): void {
    if (!this.#knownSlabs.delete(slab.id)) return;
    this.#post({ kind: 'forget', id: slab.id });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#reader?.close();
    this.#reader = undefined;
    const worker = this.#worker;
    if (!worker) return;
    worker.ref();
    // Also after a failure: the connection is closed by its own thread, never by ending the thread.
    const failure = this.#exited ? undefined : await this.#untilClosed();
    this.#worker = undefined;
    // The thread ends by itself after 'closed'; this waits for the end, or ends a failed one.
    await worker.terminate();
    if (failure) throw failure;
  }

  /** Has the writer close the store, whatever failed before. @returns what failed in closing it. */
  #untilClosed(): Promise<Error | undefined> {
    return new Promise((resolveClosed) => {
      this.#onReply = (reply) => {
        if (reply.kind === 'closed') this.#exited = true;
        if (!this.#exited) return;
        resolveClosed(reply.kind === 'closed' && reply.error ? decodeError(reply.error) : undefined);
      };
      this.#post({ kind: 'close' });
    });
  }

  #introduce(slab: Slab): void {
    if (this.#knownSlabs.has(slab.id)) return;
    this.#knownSlabs.add(slab.id);
    this.#post({ kind: 'slab', id: slab.id, memory: slab.memory });
  }

  #post(request: WriterRequest): void {
    this.#worker?.postMessage(request);
  }

  #ask(request: WriterRequest, kind: WriterReply['kind']): Promise<WriterReply> {
    return new Promise((resolveReply, reject) => {
      this.#onReply = (reply) => {
        if (reply.kind === kind) resolveReply(reply);
        else if (reply.kind === 'failed' || reply.kind === 'unprofiled') reject(decodeError(reply.error));
      };
      this.#post(request);
    });
  }

  #take(reply: WriterReply): void {
    switch (reply.kind) {
      case 'committed':
        this.#indexed = reply.indexed;
        this.#committed(reply.sequence);
        break;
      case 'failed':
        this.#fail(decodeError(reply.error));
        this.#onReply?.(reply);
        break;
      case 'opened':
      case 'profiled':
      case 'unprofiled':
      case 'closed':
        this.#onReply?.(reply);
        break;
      default:
        throw new WriterCrashedError(`Unknown writer reply: ${JSON.stringify(reply satisfies never)}`);
    }
  }

  #committed(sequence: number): void {
    while (this.#pending[0] && this.#pending[0].sequence <= sequence) this.#pending.shift()?.resolve();
    if (this.#pending.length === 0) this.#worker?.unref();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#pending.splice(0)) reject(error);
  }

  #crash(cause: unknown): void {
    const reason = cause === undefined ? 'it exited' : messageOf(cause);
    const error = new WriterCrashedError(
      `The writer thread of ${this.location} ended: ${reason}. What was not acknowledged may be missing; open the store again.`,
      { cause },
    );
    this.#fail(error);
    // Whoever waits for an answer would wait for ever.
    this.#onReply?.({ kind: 'failed', error: encodeError(error) });
  }
}
