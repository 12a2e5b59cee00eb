import { resolve } from 'node:path';
import type { Slab } from '../events/slab.js';
import { decodeError } from '../kernel/error-codec.js';
import { EngineClosedError, WriterCrashedError } from '../kernel/errors.js';
import { messageOf } from '../kernel/thrown.js';
import type { ProfileOrder, ThreadReading } from '../sampling/thread-profiler.js';
import { Thread } from '../threads/thread.js';
import { ThreadProfiling } from '../threads/thread-profiling.js';
import { checkStoreFile } from './file-check.js';
import type { StoreState, TypeToStore, WriterReply, WriterRequest } from './protocol.js';
import { SqliteReader } from './sqlite-reader.js';
import type { CommitBatch, EventReader, Store } from './store.js';

/** Who waits for an answer of the writer. */
interface Asked<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

interface PendingCommit {
  readonly sequence: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A log in a SQLite file: the main thread's end of the writer thread, and a reader. */
export class SqliteStore implements Store {
  readonly location: string;
  onDamage: ((error: Error) => void) | undefined;
  readonly #synchronous: 'FULL' | 'NORMAL';
  readonly #run: string;
  readonly #packBehind: number | undefined;
  readonly #pending: PendingCommit[] = [];
  readonly #knownSlabs = new Set<number>();
  readonly #profiling = new ThreadProfiling({
    worker: () => this.#thread?.worker,
    post: (request) => this.#post(request),
    changed: () => this.#hold(),
    ended: () => (this.#exited ? (this.#failure ?? ended()) : undefined),
  });
  #thread: Thread<WriterRequest, WriterReply> | undefined;
  #reader: SqliteReader | undefined;
  #sequence = 0;
  #indexed = 0;
  #failure: Error | undefined;
  /** The thread has ended, or has closed the store and is about to end. */
  #exited = false;
  #closed = false;
  #opening: Asked<StoreState> | undefined;
  #onClosed: ((error: Error | undefined) => void) | undefined;

  /**
   * @param run the id prefix of a store that does not exist yet.
   * @param packBehind newest events that are not packed; left out: `PACK_BEHIND`.
   */
  constructor(path: string, synchronous: 'FULL' | 'NORMAL', run: string, packBehind?: number) {
    this.location = resolve(path);
    this.#synchronous = synchronous;
    this.#run = run;
    this.#packBehind = packBehind;
  }

  get indexed(): number {
    return this.#indexed;
  }

  get reader(): EventReader {
    if (this.#closed) throw new EngineClosedError('The engine is closed. Open it again before reading.');
    this.#reader ??= new SqliteReader(this.location);
    return this.#reader;
  }

  exists(): boolean {
    return checkStoreFile(this.location);
  }

  async open(types: readonly TypeToStore[]): Promise<StoreState> {
    const thread = new Thread<WriterRequest, WriterReply>({
      name: 'writer',
      file: 'writer.js',
      runs: 'own',
      heard: (reply: WriterReply) => this.#take(reply),
      ended: (thrown) => {
        if (!this.#exited) this.#crash(thrown);
      },
    });
    this.#thread = thread;
    const packBehind = this.#packBehind;
    const options = {
      path: this.location,
      synchronous: this.#synchronous,
      run: this.#run,
      types,
      ...(packBehind !== undefined && { packBehind }),
    };
    try {
      const state = await new Promise<StoreState>((resolveOpen, reject) => {
        this.#opening = { resolve: resolveOpen, reject };
        this.#post({ kind: 'open', options });
      });
      this.#indexed = state.indexed;
      // An engine that nobody closed must not keep the process alive; commits under way must.
      this.#hold();
      return state;
    } catch (error) {
      await thread.end();
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
      ...(batch.states && { states: batch.states }),
      ...(batch.timers && { timers: batch.timers }),
      ...(batch.snapshots && { snapshots: batch.snapshots }),
      ...(batch.commands && { commands: batch.commands }),
    });
    if (this.#pending.length === 0) this.#thread?.hold(true);
    return new Promise((resolveCommit, reject) => {
      this.#pending.push({ sequence, resolve: resolveCommit, reject });
    });
  }

  profile(order: ProfileOrder): Promise<ThreadReading | undefined> {
    return this.#profiling.obey(order);
  }

  forget(slab: Slab): void {
    if (!this.#knownSlabs.delete(slab.id)) return;
    this.#post({ kind: 'forget', id: slab.id });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#reader?.close();
    this.#reader = undefined;
    const thread = this.#thread;
    if (!thread) return;
    thread.hold(true);
    // Also after a failure: the connection is closed by its own thread, never by ending the thread.
    const failure = this.#exited ? undefined : await this.#untilClosed();
    this.#thread = undefined;
    // The thread ends by itself after 'closed'; this waits for the end, or ends a failed one.
    await thread.end();
    if (failure) throw failure;
  }

  /** Has the writer close the store, whatever failed before. @returns what failed in closing it. */
  #untilClosed(): Promise<Error | undefined> {
    return new Promise((resolveClosed) => {
      this.#onClosed = resolveClosed;
      this.#post({ kind: 'close' });
    });
  }

  #introduce(slab: Slab): void {
    if (this.#knownSlabs.has(slab.id)) return;
    this.#knownSlabs.add(slab.id);
    this.#post({ kind: 'slab', id: slab.id, memory: slab.memory });
  }

  #post(request: WriterRequest): void {
    this.#thread?.post(request);
  }

  /** The thread keeps the process alive while somebody waits for it, and not otherwise. */
  #hold(): void {
    this.#thread?.hold(this.#closed || this.#pending.length > 0 || this.#profiling.isAsked);
  }

  /** The thread has ended: what it was asked it answers no more. */
  #end(error: Error | undefined): void {
    this.#exited = true;
    this.#profiling.end(this.#failure ?? ended());
    this.#onClosed?.(error);
  }

  #take(reply: WriterReply): void {
    switch (reply.kind) {
      case 'committed':
        this.#indexed = reply.indexed;
        this.#committed(reply.sequence);
        break;
      case 'failed':
        this.#fail(decodeError(reply.error));
        break;
      case 'damaged':
        this.onDamage?.(decodeError(reply.error));
        break;
      case 'opened':
        this.#opening?.resolve(reply.state);
        break;
      case 'profiled':
      case 'unprofiled':
        this.#profiling.heard(reply);
        break;
      case 'closed':
        this.#end(reply.error && decodeError(reply.error));
        break;
      default:
        throw new WriterCrashedError(`Unknown writer reply: ${JSON.stringify(reply satisfies never)}`);
    }
  }

  #committed(sequence: number): void {
    while (this.#pending[0] && this.#pending[0].sequence <= sequence) this.#pending.shift()?.resolve();
    if (this.#pending.length === 0) this.#hold();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#pending.splice(0)) reject(error);
    this.#opening?.reject(error);
  }

  #crash(cause: unknown): void {
    const error = new WriterCrashedError(
      `The writer thread of ${this.location} ended: ${messageOf(cause)}. What was not acknowledged may be missing; open the store again.`,
      { cause },
    );
    this.#fail(error);
    this.#end(undefined);
  }
}

function ended(): EngineClosedError {
  return new EngineClosedError('The engine is closed, so its threads have ended.');
}
