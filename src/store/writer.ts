import type { Statement } from 'better-sqlite3';
import type { Shape } from '../events/codec.js';
import { StoreCorruptError, StoreError } from '../events/errors.js';
import type { StoredType } from '../events/registry.js';
import { Slab } from '../events/slab.js';
import { INDEX_EVERY, PROGRESS_CHUNK, WAL_PAGES_MAX } from '../limits.js';
import { checkStoreFile } from './file-check.js';
import { EventInserter } from './insert.js';
import { lockStore } from './lock.js';
import type { ProgressChange, SegmentMessage, StoreState, WriterOptions } from './protocol.js';
import { APPLICATION_ID, FORMAT_VERSION, SCHEMA } from './schema.js';
import { guard, openConnection, type Sqlite } from './sqlite.js';
import { readShapes, readTypes } from './types.js';

/** One commit message. */
export interface Commit {
  readonly segments: readonly SegmentMessage[];
  readonly progress: ProgressChange | undefined;
  readonly shapes: readonly Shape[];
}

/** The one writing connection of a store, and everything that is done with it. Lives on the writer thread. */
export class Writer {
  readonly #path: string;
  readonly #database: Sqlite;
  readonly #lock: Sqlite;
  readonly #inserter: EventInserter;
  readonly #setProgress: Statement;
  readonly #setIndexed: Statement;
  readonly #putChunk: Statement;
  readonly #dropChunks: Statement;
  readonly #fillIndex: Statement;
  readonly #addShape: Statement;
  readonly #slabs: Slab[] = [];
  readonly state: StoreState;
  #lastPosition: number;
  #indexed: number;
  #chunksStored: boolean;

  /** @throws the coded errors of `checkStoreFile` and `lockStore`; nothing stays open then. */
  constructor(options: WriterOptions) {
    this.#path = options.path;
    const exists = checkStoreFile(options.path);
    this.#lock = lockStore(options.path);
    try {
      this.#database = openConnection(options.path, { readonly: false });
    } catch (error) {
      this.#lock.close();
      throw error;
    }
    try {
      if (!exists) this.#create(options.run);
      this.#setDurability(options.synchronous);
      this.state = guard(this.#path, () => this.#load(options));
    } catch (error) {
      this.#database.close();
      this.#lock.close();
      throw error;
    }
    this.#lastPosition = this.state.lastPosition;
    this.#indexed = this.state.indexed;
    this.#chunksStored = this.state.progress.chunks.length > 0;
    this.#inserter = new EventInserter(this.#database);
    this.#setProgress = this.#database.prepare('UPDATE progress SET mark = ?');
    this.#setIndexed = this.#database.prepare('UPDATE progress SET indexed = ?');
    this.#putChunk = this.#database.prepare('INSERT OR REPLACE INTO progress_chunks VALUES (?, ?)');
    this.#dropChunks = this.#database.prepare('DELETE FROM progress_chunks WHERE chunk < ?');
    // Shapes are numbered from 0; the first one cannot take its number from the highest.
    this.#addShape = this.#database.prepare(
      'INSERT INTO payload_shapes SELECT coalesce(max(id) + 1, 0), ? FROM payload_shapes',
    );
    this.#fillIndex = this.#database.prepare(
      'INSERT INTO event_index SELECT aggregate, version, position FROM events WHERE position > ? AND position <= ? ORDER BY aggregate, version',
    );
  }

  /** Events up to here are in event_index. */
  get indexed(): number {
    return this.#indexed;
  }

  addSlab(id: number, memory: SharedArrayBuffer): void {
    this.#slabs[id] = new Slab(id, memory);
  }

  forgetSlab(id: number): void {
    delete this.#slabs[id];
  }

  /** Writes commits in one transaction: group commit, one fsync for all. @throws StoreError; nothing was written. */
  commit(commits: readonly Commit[]): void {
    const before = this.#lastPosition;
    guard(this.#path, () => {
      this.#transaction(
        () => {
          for (const { shapes } of commits)
            for (const shape of shapes) this.#addShape.run(JSON.stringify(shape));
          for (const { segments } of commits) for (const segment of segments) this.#append(segment);
          this.#inserter.flush();
          const progress = commits.findLast((commit) => commit.progress)?.progress;
          const chunks = commits.flatMap((commit) => commit.progress?.chunks ?? []);
          if (progress) this.#saveProgress({ mark: progress.mark, chunks });
        },
        () => {
          this.#lastPosition = before;
          this.#inserter.clear();
        },
      );
      if (this.#lastPosition - this.#indexed >= INDEX_EVERY) this.index();
      this.#checkpointWhenLarge();
    });
  }

  /** Brings event_index up to the last position, in sorted bulk. */
  index(): void {
    const to = this.#lastPosition;
    if (to === this.#indexed) return;
    guard(this.#path, () =>
      this.#transaction(() => {
        this.#fillIndex.run(this.#indexed, to);
        this.#setIndexed.run(to);
      }),
    );
    this.#indexed = to;
  }

  /** Moves the WAL into the file without waiting for readers. */
  checkpoint(): void {
    guard(this.#path, () => this.#database.pragma('wal_checkpoint(PASSIVE)'));
  }

  /** Indexes, empties the WAL, closes, and lets go of the lock. */
  close(): void {
    try {
      this.index();
      guard(this.#path, () => this.#database.pragma('wal_checkpoint(TRUNCATE)'));
    } finally {
      this.#database.close();
      this.#lock.close();
    }
  }

  #create(run: string): void {
    guard(this.#path, () => {
      // Before WAL, in one rollback-journal transaction: a kill leaves either nothing or a whole empty store,
      // whose header names it ours.
      this.#database.pragma('journal_mode = DELETE');
      this.#transaction(() => {
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
      const level = this.#database.pragma('synchronous', { simple: true });
      if (mode !== 'wal' || level !== (synchronous === 'FULL' ? 2 : 1)) {
        throw new StoreError(`Store ${this.#path}: SQLite set journal mode ${mode}, synchronous ${level}.`);
      }
    });
  }

  #load({ types }: WriterOptions): StoreState {
    const number = (sql: string) => (this.#database.prepare(sql).pluck().get() as number | null) ?? 0;
    const run = this.#database.prepare("SELECT value FROM meta WHERE key = 'run'").pluck().get();
    if (typeof run !== 'string') throw new StoreCorruptError(`Store ${this.#path} has no run id.`);
    return {
      run,
      lastPosition: number('SELECT max(position) FROM events'),
      lastName: number('SELECT max(id) FROM names'),
      types: this.#internTypes(types),
      shapes: readShapes(this.#database),
      progress: {
        mark: number('SELECT mark FROM progress'),
        chunks: this.#database
          .prepare('SELECT chunk AS "index", bits FROM progress_chunks ORDER BY chunk')
          .all() as ProgressChange['chunks'],
      },
      indexed: number('SELECT indexed FROM progress'),
    };
  }

  #internTypes(types: WriterOptions['types']): readonly StoredType[] {
    const insert = this.#database.prepare(
      'INSERT INTO event_types (name, version, volatile) VALUES (?, ?, ?) ON CONFLICT (name, version) DO UPDATE SET volatile = excluded.volatile',
    );
    this.#transaction(() => {
      for (const { name, version, volatile } of types) insert.run(name, version, JSON.stringify(volatile));
    });
    return readTypes(this.#database);
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
    this.#lastPosition = slab.position[to - 1] as number;
  }

  #saveProgress({ mark, chunks }: ProgressChange): void {
    this.#setProgress.run(mark);
    for (const { index, bits } of chunks) this.#putChunk.run(index, bits);
    if (chunks.length > 0) this.#chunksStored = true;
    if (!this.#chunksStored) return;
    const removed = this.#dropChunks.run(Math.floor(mark / PROGRESS_CHUNK)).changes;
    if (removed > 0)
      this.#chunksStored = this.#database.prepare('SELECT 1 FROM progress_chunks').get() !== undefined;
  }

  #checkpointWhenLarge(): void {
    // Zero pages are moved by this call: NOOP reports the WAL's length only.
    const [{ log } = { log: 0 }] = this.#database.pragma('wal_checkpoint(NOOP)') as { log: number }[];
    if (log > WAL_PAGES_MAX) this.checkpoint();
  }

  #transaction(work: () => void, undo?: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      // After a failed COMMIT or a full disk SQLite has rolled back already; COMMIT is never issued again.
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      undo?.();
      throw error;
    }
  }
}
