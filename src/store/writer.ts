import type { Statement } from 'better-sqlite3';
import type { Shape } from '../events/shape-index.js';
import { Slab } from '../events/slab.js';
import { StoreCorruptError, StoreError, StoreMovedError } from '../kernel/errors.js';
import { INDEX_PIECE, WRITER_CACHE_KIB } from '../limits.js';
import { BatchLog } from './batch-log.js';
import { rowCheck } from './checksum.js';
import type { ConsumerChange } from './consumer.js';
import { ConsumerTable } from './consumer-table.js';
import type { DeadLetterChange } from './dead-letter.js';
import { DeadLetterWriter, readOpenDeadLetters } from './dead-letter-table.js';
import { FileIdentity } from './file-identity.js';
import { Indexer } from './indexer.js';
import { EventInserter } from './insert.js';
import { leaveWal, openForWriting, type WritableStore } from './open-store.js';
import { Ownership } from './ownership.js';
import { ProgressTable } from './progress-table.js';
import type { ProgressChange, SegmentMessage, StoreState, WriterOptions } from './protocol.js';
import { APPLICATION_ID, FORMAT_VERSION, SCHEMA } from './schema.js';
import { guard, inTransaction, type Sqlite, toStoreError } from './sqlite.js';
import { readLastName, readRun, readShapes, readTypes } from './types.js';

/** One commit message. */
export interface Commit {
  readonly segments: readonly SegmentMessage[];
  readonly progress: ProgressChange | undefined;
  readonly shapes: readonly Shape[];
  readonly deadLetters?: DeadLetterChange | undefined;
  readonly consumers?: readonly ConsumerChange[];
}

/** The one writing connection of a store, and everything that is done with it. Lives on the writer thread. */
export class Writer {
  readonly #path: string;
  readonly #database: Sqlite;
  readonly #store: WritableStore;
  readonly #ownership: Ownership;
  readonly #inserter: EventInserter;
  readonly #batches: BatchLog;
  readonly #progress: ProgressTable;
  readonly #deadLetters: DeadLetterWriter;
  readonly #consumers: ConsumerTable;
  readonly #indexer: Indexer;
  readonly #files: FileIdentity;
  readonly #addShape: Statement;
  readonly #slabs: Slab[] = [];
  readonly state: StoreState;
  #lastPosition: number;
  #failed = false;

  /** @throws the coded errors of `openForWriting`; nothing stays open then. */
  constructor(options: WriterOptions) {
    this.#path = options.path;
    this.#store = openForWriting(options.path);
    this.#database = this.#store.database;
    try {
      if (this.#store.isNew) this.#create(options.run);
      this.#ownership = new Ownership(this.#database);
      this.#progress = new ProgressTable(this.#database);
      // What is refused is refused before anything is written: the change to WAL mode is noted in the file.
      this.#readState();
      this.#setDurability(options.synchronous);
      this.state = this.#load(options);
      this.#lastPosition = this.state.lastPosition;
      this.#inserter = new EventInserter(this.#database);
      this.#batches = new BatchLog(this.#database, this.state);
      this.#deadLetters = new DeadLetterWriter(this.#database);
      this.#consumers = new ConsumerTable(this.#database);
      // Shapes are numbered from 0; the first one cannot take its number from the highest.
      this.#addShape = this.#database.prepare(
        'INSERT INTO payload_shapes SELECT coalesce(max(id) + 1, 0), ? FROM payload_shapes',
      );
      this.#indexer = new Indexer(this.#database, this.#progress);
      this.#indexer.loadTail();
      this.#files = new FileIdentity(options.path);
      // So that a reader never meets more unindexed events than were written since the store was opened.
      this.index();
    } catch (error) {
      this.#store.close();
      throw toStoreError(this.#path, error);
    }
  }

  /** Events up to here are in event_index. */
  get indexed(): number {
    return this.#indexer.indexed;
  }

  addSlab(id: number, memory: SharedArrayBuffer): void {
    this.#slabs[id] = new Slab(id, memory);
  }

  forgetSlab(id: number): void {
    delete this.#slabs[id];
  }

  /**
   * Writes commits in one transaction: group commit, one fsync for all.
   *
   * @throws StoreError: nothing was written. StoreMovedError: it was, but nobody may find it there.
   */
  commit(commits: readonly Commit[]): void {
    this.#write(() => {
      const before = this.#lastPosition;
      for (const { shapes } of commits) for (const shape of shapes) this.#storeShape(shape);
      for (const { segments } of commits) for (const segment of segments) this.#append(segment);
      this.#inserter.flush();
      this.#batches.write(this.#lastPosition);
      const progress = commits.findLast((commit) => commit.progress)?.progress;
      const chunks = commits.flatMap((commit) => commit.progress?.chunks ?? []);
      if (progress) this.#progress.save({ mark: progress.mark, chunks });
      for (const { deadLetters } of commits) if (deadLetters) this.#deadLetters.apply(deadLetters);
      for (const { consumers } of commits)
        for (const change of consumers ?? []) this.#consumers.apply(change);
      // At least as many entries as there are new events, so that the index keeps up with any load.
      if (this.#indexer.isDue) this.#indexer.write(Math.max(INDEX_PIECE, this.#lastPosition - before));
    });
    this.#checkPlace();
  }

  /** Brings event_index up to the last position. */
  index(): void {
    while (this.#indexer.waiting > 0) this.#write(() => this.#indexer.write(Number.POSITIVE_INFINITY));
  }

  /** One transaction, and everything in memory as it was before when it fails. */
  #write(work: () => void): void {
    const before = this.#lastPosition;
    try {
      inTransaction(this.#database, () => {
        this.#ownership.check();
        work();
      });
      this.#indexer.committed();
      this.#batches.committed();
      this.#progress.committed();
    } catch (error) {
      this.#failed = true;
      this.#lastPosition = before;
      this.#inserter.clear();
      this.#indexer.rolledBack(before);
      this.#batches.rolledBack();
      this.#progress.rolledBack();
      this.#consumers.rolledBack();
      throw toStoreError(this.#path, error);
    }
  }

  /** What is written into a file that has lost its name is not durable, whatever SQLite says. */
  #checkPlace(): void {
    const place = this.#files.look();
    if (place === 'here') return;
    this.#failed = true;
    if (place === 'taken') {
      throw new StoreMovedError(
        `Store ${this.#path} was replaced by another file while it was open. What was acknowledged is in the old file and its -wal file: if they still exist, put them back together and open the store again.`,
      );
    }
    const saved = this.#emptyWal() ? ' A moved file holds everything acknowledged.' : '';
    throw new StoreMovedError(
      `Store ${this.#path}, or its -wal file, was moved or deleted while it was open.${saved} Move it back, or open it where it is now.`,
    );
  }

  /**
   * Saves into a moved file what only its WAL holds; nobody else can have them open under their lost name.
   *
   * @returns whether the file is whole without its WAL.
   */
  #emptyWal(): boolean {
    try {
      const [row] = this.#database.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
      return row?.busy === 0;
    } catch {
      // The file's loss is the error to report; this was the attempt to limit the damage.
      return false;
    }
  }

  /** Pages of the WAL, and how many of them the file has already. */
  walState(): { readonly pages: number; readonly waiting: number } {
    // Nothing is moved by this call: NOOP reports the numbers only.
    const [row] = guard(this.#path, () => this.#database.pragma('wal_checkpoint(NOOP)')) as {
      log: number;
      checkpointed: number;
    }[];
    return row ? { pages: row.log, waiting: row.log - row.checkpointed } : { pages: 0, waiting: 0 };
  }

  /** Moves the WAL into the file without waiting for readers. */
  checkpoint(): void {
    guard(this.#path, () => this.#database.pragma('wal_checkpoint(PASSIVE)'));
  }

  /** Indexes, moves the WAL into the file, closes, and lets go of the lock. After a failure only the last two. */
  close(): void {
    try {
      if (this.#failed) return;
      this.index();
      guard(this.#path, () => {
        this.#database.pragma('wal_checkpoint(TRUNCATE)');
        leaveWal(this.#database);
      });
    } finally {
      this.#store.close();
    }
  }

  #create(run: string): void {
    guard(this.#path, () => {
      // Before WAL, in one rollback-journal transaction: a kill leaves either nothing or a whole empty store,
      // whose header names it ours.
      this.#database.pragma('journal_mode = DELETE');
      inTransaction(this.#database, () => {
        this.#database.pragma(`application_id = ${APPLICATION_ID}`);
        this.#database.pragma(`user_version = ${FORMAT_VERSION}`);
        this.#database.exec(SCHEMA);
        this.#database.prepare("INSERT INTO meta VALUES ('run', ?)").run(run);
      });
    });
  }

  #setDurability(synchronous: 'FULL' | 'NORMAL'): void {
    guard(this.#path, () => {
      const mode = this.#database.pragma('journal_mode = WAL', { simple: true });
      // This build of SQLite falls back to NORMAL after the first write unless told otherwise after WAL.
      this.#database.pragma(`synchronous = ${synchronous}`);
      this.#database.pragma('wal_autocheckpoint = 0');
      this.#database.pragma(`cache_size = -${WRITER_CACHE_KIB}`);
      const level = this.#database.pragma('synchronous', { simple: true });
      if (mode !== 'wal' || level !== (synchronous === 'FULL' ? 2 : 1)) {
        throw new StoreError(`Store ${this.#path}: SQLite set journal mode ${mode}, synchronous ${level}.`);
      }
    });
  }

  #load({ types }: WriterOptions): StoreState {
    this.#internTypes(types);
    return this.#readState();
  }

  /** @throws StoreCorruptError */
  #readState(): StoreState {
    const number = (sql: string) => (this.#database.prepare(sql).pluck().get() as number | null) ?? 0;
    return {
      run: readRun(this.#database),
      lastPosition: number('SELECT max(position) FROM events'),
      lastName: readLastName(this.#database),
      types: readTypes(this.#database),
      shapes: readShapes(this.#database),
      progress: { mark: this.#progress.mark, chunks: this.#progress.chunks },
      deadLetters: readOpenDeadLetters(this.#database),
      indexed: this.#progress.indexed,
    };
  }

  #internTypes(types: WriterOptions['types']): void {
    const insert = this.#database.prepare(
      `INSERT INTO event_types (name, version, volatile, checksum) VALUES (?, ?, ?, ?)
       ON CONFLICT (name, version) DO UPDATE SET volatile = excluded.volatile, checksum = excluded.checksum`,
    );
    inTransaction(this.#database, () => {
      this.#ownership.take();
      for (const type of types) {
        const columns = [type.name, type.version, JSON.stringify(type.volatile)];
        insert.run(...columns, rowCheck(columns));
      }
    });
  }

  #append({ slab: id, from, to }: SegmentMessage): void {
    const slab = this.#slabs[id];
    if (!slab) throw new StoreError(`Store ${this.#path}: the writer was sent rows of an unknown slab.`);
    const expected = this.#lastPosition + 1;
    if (slab.position[from] !== expected) {
      throw new StoreCorruptError(
        `Store ${this.#path}: position ${slab.position[from]} was to be written where ${expected} belongs.`,
      );
    }
    this.#inserter.add(slab, from, to);
    this.#batches.add(slab, from, to);
    for (let row = from; row < to; row++) {
      this.#indexer.add(slab.aggregate[row] as number, slab.version[row] as number);
    }
    this.#lastPosition = slab.position[to - 1] as number;
  }

  #storeShape(shape: Shape): void {
    const json = JSON.stringify(shape);
    this.#addShape.run(json);
    this.#batches.addShape(json);
  }
}
