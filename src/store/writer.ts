import type { Statement } from 'better-sqlite3';
import type { Shape } from '../events/shape-index.js';
import { Slab } from '../events/slab.js';
import { StoreCorruptError, StoreError, StoreMovedError } from '../kernel/errors.js';
import { WRITER_CACHE_KIB } from '../limits.js';
import { rowCheck } from './checksum.js';
import type { DeadLetterChange } from './dead-letter.js';
import { FileIdentity } from './file-identity.js';
import { leaveWal, openForWriting, type WritableStore } from './open-store.js';
import { Ownership } from './ownership.js';
import type { ProgressChange, SegmentMessage, StoreState, WriterOptions } from './protocol.js';
import { APPLICATION_ID, FORMAT_VERSION, SCHEMA } from './schema.js';
import { Indexer } from './segments/indexer.js';
import { INDEX_LAG, INDEX_STEPS, MAX_SEGMENT_EVENTS } from './segments/limits.js';
import { LogWriter } from './segments/log-writer.js';
import { NameReader } from './segments/name-reader.js';
import { PackTable } from './segments/pack-table.js';
import type { PackResult } from './segments/packer.js';
import { RunKind } from './segments/run.js';
import { RunReader } from './segments/run-reader.js';
import { SegmentReader } from './segments/segment-reader.js';
import { readLastSegment } from './segments/segment-table.js';
import { guard, inTransaction, type Sqlite, toStoreError } from './sqlite.js';
import { lastCommand } from './tables/command-table.js';
import { DeadLetterWriter, readOpenDeadLetters } from './tables/dead-letter-table.js';
import { type KeptChange, KeptTables } from './tables/kept-tables.js';
import { ProgressTable } from './tables/progress-table.js';
import { readStateTypes } from './tables/state-table.js';
import { hasTimers } from './tables/timer-table.js';
import { readLastName, readRun, readShapes, readTypes } from './types.js';

/** One commit message. */
export interface Commit extends KeptChange {
  readonly segments: readonly SegmentMessage[];
  readonly progress: ProgressChange | undefined;
  readonly shapes: readonly Shape[];
  readonly deadLetters?: DeadLetterChange | undefined;
}

/** The one writing connection of a store, and everything that is done with it. Lives on the writer thread. */
export class Writer {
  readonly #path: string;
  readonly #database: Sqlite;
  readonly #store: WritableStore;
  readonly #ownership: Ownership;
  readonly #log: LogWriter;
  readonly #progress: ProgressTable;
  readonly #deadLetters: DeadLetterWriter;
  readonly #kept: KeptTables;
  readonly #indexer: Indexer;
  readonly #packs: PackTable;
  readonly #files: FileIdentity;
  readonly #addShape: Statement;
  readonly #slabs: Slab[] = [];
  #shapes: number;
  #shapesCommitted: number;
  readonly state: StoreState;
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
      this.#indexer = new Indexer(this.#database, this.#progress);
      this.state = this.#load(options);
      this.#log = new LogWriter(this.#database, this.state, this.#indexer);
      this.#packs = new PackTable(this.#database);
      this.#deadLetters = new DeadLetterWriter(this.#database);
      this.#kept = new KeptTables(this.#database);
      this.#addShape = this.#database.prepare('INSERT INTO payload_shapes VALUES (?, ?, ?)');
      this.#shapes = this.state.shapes.length;
      this.#shapesCommitted = this.#shapes;
      this.#files = new FileIdentity(options.path);
      // What the last engine left out when it was killed: readers look through it, each for itself.
      this.index();
    } catch (error) {
      this.#store.close();
      throw toStoreError(this.#path, error);
    }
  }

  /** Events up to here are in the index, and their names. */
  get indexed(): number {
    return this.#indexer.indexed;
  }

  /** Damage in the index that was met unasked and left as it is; told once. */
  takeDamage(): Error | undefined {
    return this.#indexer.takeDamage();
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
    this.#makeRoom(eventsOf(commits));
    this.#write(() => {
      for (const { shapes } of commits) for (const shape of shapes) this.#storeShape(shape);
      for (const { segments } of commits) for (const segment of segments) this.#append(segment);
      this.#log.flush();
      const progress = commits.findLast((commit) => commit.progress)?.progress;
      const chunks = commits.flatMap((commit) => commit.progress?.chunks ?? []);
      if (progress) this.#progress.save({ mark: progress.mark, chunks });
      for (const { deadLetters } of commits) if (deadLetters) this.#deadLetters.apply(deadLetters);
      for (const commit of commits) this.#kept.apply(commit);
      this.#indexer.keepUp(this.#log.block);
    });
    this.#checkPlace();
  }

  /** Brings the index up to the last position. */
  index(): void {
    while (this.#indexer.waiting > 0) this.#indexPiece(Number.POSITIVE_INFINITY);
  }

  /** Does a piece of what the index wants in a quiet moment. @returns whether there may be more. */
  indexQuietly(steps = INDEX_STEPS): boolean {
    if (!this.#indexer.isBehind) return false;
    this.#indexPiece(steps);
    return true;
  }

  /** What can be packed: the position up to which that is done, and the one behind which events are not cold. */
  coldRange(behind: number): { readonly after: number; readonly until: number } | undefined {
    const until = this.#log.position - behind;
    return until - this.#packs.done < MAX_SEGMENT_EVENTS ? undefined : { after: this.#packs.done, until };
  }

  /**
   * Puts what was packed into the file, or leaves it as it is where SQLite cannot read a page that it has to change. That
   * something is not worth packing is noted with the next that is, or at close: a log of large events would make a
   * transaction for each of them.
   *
   * @returns why it was left.
   * @throws StoreError; StoreCorruptError when other segments are there than were packed.
   */
  applyPacked({ packed, done }: PackResult): StoreCorruptError | undefined {
    let damage: StoreCorruptError | undefined;
    try {
      if (packed.length > 0) this.#transact(() => this.#packs.apply(packed, done));
    } catch (error) {
      if (!(error instanceof StoreCorruptError) || error.details.sqlite === undefined) {
        this.#failed = true;
        throw error;
      }
      damage = error;
    }
    this.#packs.done = done;
    return damage;
  }

  #indexPiece(steps: number): void {
    this.#write(() => this.#indexer.write(steps, this.#log.block, true));
  }

  /** So that the index is never further behind than it may be, unless one commit alone is longer. */
  #makeRoom(events: number): void {
    while (this.#indexer.waiting > 0 && this.#indexer.waiting + events > INDEX_LAG) {
      this.#indexPiece(INDEX_STEPS);
    }
  }

  /** As `#transact`; when it fails, nothing more is written. */
  #write(work: () => void): void {
    try {
      this.#transact(work);
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  /** One transaction, and everything in memory as it was before when it fails. */
  #transact(work: () => void): void {
    try {
      inTransaction(this.#database, () => {
        this.#ownership.check();
        work();
      });
      this.#indexer.committed();
      this.#log.committed();
      this.#progress.committed();
      this.#shapesCommitted = this.#shapes;
    } catch (error) {
      this.#log.rolledBack();
      this.#progress.rolledBack();
      this.#kept.rolledBack();
      this.#shapes = this.#shapesCommitted;
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
      this.#write(() => {
        this.#indexer.suspend();
        this.#packs.note();
      });
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
    const state = this.#readState();
    this.#loadTail();
    return state;
  }

  /** What a killed process left out of the index. */
  #loadTail(): void {
    const runs = new RunReader(this.#database);
    for (const block of new NameReader(this.#database).blocks(runs.last(RunKind.Names))) {
      for (let id = block.first; id < block.first + block.count; id++) {
        this.#indexer.addName(block.hash(id), id);
      }
    }
    const from = this.#progress.indexed + 1;
    new SegmentReader(this.#database).columns(from, ({ first, count }, { aggregate, version }) => {
      for (let index = Math.max(0, from - first); index < count; index++) {
        this.#indexer.addEvent(aggregate[index] as number, version[index] as number);
      }
    });
  }

  /** @throws StoreCorruptError */
  #readState(): StoreState {
    const last = readLastSegment(this.#database);
    const lastPosition = last ? last.first + last.count - 1 : 0;
    const { mark, indexed, chunks } = this.#progress;
    if (Math.max(mark, indexed) > lastPosition) {
      throw new StoreCorruptError(
        `Store ${this.#path} is damaged: its last event is at position ${lastPosition}, but it was handled up to ${mark} and indexed up to ${indexed}. Run 'millrace verify' on it, and restore it from a backup.`,
      );
    }
    return {
      run: readRun(this.#database),
      lastPosition,
      lastName: readLastName(this.#database),
      types: readTypes(this.#database),
      shapes: readShapes(this.#database),
      progress: { mark, chunks },
      deadLetters: readOpenDeadLetters(this.#database),
      states: readStateTypes(this.#database),
      timers: hasTimers(this.#database),
      commands: lastCommand(this.#database),
      indexed,
    };
  }

  #internTypes(types: WriterOptions['types']): void {
    const insert = this.#database.prepare(
      `INSERT INTO event_types (name, version, volatile, checksum) VALUES (?, ?, ?, ?)
       ON CONFLICT (name, version) DO UPDATE SET volatile = excluded.volatile, checksum = excluded.checksum`,
    );
    inTransaction(this.#database, () => {
      this.#ownership.take();
      this.#indexer.resume();
      for (const type of types) {
        const columns = [type.name, type.version, JSON.stringify(type.volatile)];
        insert.run(...columns, rowCheck(columns));
      }
    });
  }

  #append({ slab: id, from, to }: SegmentMessage): void {
    const slab = this.#slabs[id];
    if (!slab) throw new StoreError(`Store ${this.#path}: the writer was sent rows of an unknown slab.`);
    this.#log.add(slab, from, to);
  }

  #storeShape(shape: Shape): void {
    const columns = [this.#shapes++, JSON.stringify(shape)];
    this.#addShape.run(...columns, rowCheck(columns));
    this.#log.addShape();
  }
}

function eventsOf(commits: readonly Commit[]): number {
  let events = 0;
  for (const { segments } of commits) for (const { from, to } of segments) events += to - from;
  return events;
}
