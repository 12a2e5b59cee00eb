import type { Statement } from 'better-sqlite3';
import { Codec } from '../events/codec.js';
import type { StoredType } from '../events/registry.js';
import { EngineClosedError, StoreCorruptError } from '../kernel/errors.js';
import { SparseNumbers } from '../kernel/sparse-numbers.js';
import type { CommandQuery, StoredCommand } from './command.js';
import type { StoredConsumer } from './consumer.js';
import type { DeadLetterRange, DeadLetterRecord, LetterCount } from './dead-letter.js';
import { READ_PAGE_BYTES, READER_NAMES } from './limits.js';
import { openForReading } from './open-store.js';
import type { StoredProcessing } from './processing.js';
import { ProcessingReader } from './processing-reader.js';
import { ReadTransaction } from './read-transaction.js';
import { NameFinder } from './segments/name-finder.js';
import { NameReader } from './segments/name-reader.js';
import { RunKind } from './segments/run.js';
import { RunReader } from './segments/run-reader.js';
import { SegmentReader } from './segments/segment-reader.js';
import { readLogNumbers } from './segments/segment-table.js';
import type { StoredSnapshot } from './snapshot.js';
import { guard, type Sqlite, toStoreError } from './sqlite.js';
import type { StateQuery, StoredState, StoredStateType } from './state.js';
import type { EventReader, PageQuery, RawEvent, StoredName, TypedPage, TypedQuery } from './store.js';
import { CommandReader } from './tables/command-table.js';
import { readConsumers } from './tables/consumer-table.js';
import { countLateLetters, DeadLetterReader } from './tables/dead-letter-table.js';
import { SnapshotReader } from './tables/snapshot-table.js';
import { StateReader } from './tables/state-table.js';
import { TimerReader } from './tables/timer-table.js';
import type { StoredTimer, TimerCount, TimerQuery, TimerTicket } from './timer.js';
import { readShapes, readTypes } from './types.js';

/** A read-only connection to a store. */
export class SqliteReader implements EventReader {
  readonly path: string;
  readonly database: Sqlite;
  readonly codec: Codec;
  readonly #segments: SegmentReader;
  readonly #runs: RunReader;
  readonly #nameReader: NameReader;
  readonly #finder: NameFinder;
  readonly #moment: ReadTransaction;
  readonly #indexed: Statement;
  readonly #deadLetters: DeadLetterReader;
  readonly #states: StateReader;
  readonly #timers: TimerReader;
  readonly #snapshots: SnapshotReader;
  readonly #commands: CommandReader;
  readonly #names = new Map<number, string>();
  #types: ReadonlyMap<number, StoredType> | undefined;

  /** @throws the errors of `openForReading`. */
  constructor(path: string) {
    this.path = path;
    this.database = openForReading(path);
    this.codec = new Codec([], () => readShapes(this.database));
    try {
      this.#segments = new SegmentReader(this.database);
      this.#runs = new RunReader(this.database);
      this.#nameReader = new NameReader(this.database);
      this.#finder = new NameFinder(this.database, this.#nameReader, this.#runs);
      this.#moment = new ReadTransaction(this.database);
      this.#indexed = this.database.prepare('SELECT indexed FROM progress').pluck();
      this.#deadLetters = new DeadLetterReader(this.database);
      this.#states = new StateReader(this.database);
      this.#timers = new TimerReader(this.database);
      this.#snapshots = new SnapshotReader(this.database);
      this.#commands = new CommandReader(this.database);
    } catch (error) {
      this.database.close();
      throw toStoreError(path, error);
    }
  }

  get types(): ReadonlyMap<number, StoredType> {
    return this.#types ?? this.freshTypes();
  }

  freshTypes(): ReadonlyMap<number, StoredType> {
    const types = this.#read(() => new Map(readTypes(this.database).map((type) => [type.id, type])));
    this.#types = types;
    return types;
  }

  /** The last position of the log; 0 when it is empty. */
  get lastPosition(): number {
    return this.#read(() => readLogNumbers(this.database).position);
  }

  page(query: PageQuery): readonly RawEvent[] {
    const { aggregate, from, limit } = query;
    if (aggregate === undefined) return this.#read(() => this.#segments.page(from, limit, READ_PAGE_BYTES));
    return this.together(() => this.#aggregatePage(aggregate, query));
  }

  typedPage(query: TypedQuery): TypedPage {
    return this.#read(() => this.#segments.typedPage(query, READ_PAGE_BYTES));
  }

  findName(name: string, indexed?: number): StoredName | undefined {
    // No store has half a character. Written as UTF-8 it would be found where another name is.
    if (!name.isWellFormed()) return undefined;
    if (indexed !== undefined && this.database.open && this.#finder.isNew(name, indexed)) return undefined;
    return this.together(() => {
      const id = this.#finder.find(name, indexed !== undefined);
      return id === undefined ? undefined : { id, name, version: this.#runs.lastVersion(RunKind.Events, id) };
    });
  }

  nameOf(id: number): string {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const name = this.#read(() => this.#nameReader.name(id));
    if (this.#names.size >= READER_NAMES) this.#names.clear();
    this.#names.set(id, name);
    return name;
  }

  allNames(limit: number): Iterable<StoredName> | undefined {
    return this.together(() => {
      if (readLogNumbers(this.database).names > limit) return undefined;
      const versions = this.#versions();
      const all: StoredName[] = [];
      for (const block of this.#nameReader.blocks(0)) {
        for (let id = block.first; id < block.first + block.count; id++) {
          all.push({ id, name: block.name(id), version: versions.get(id) });
        }
      }
      // What is in hand needs no statement of its own later: a tenth of the time that reading a log takes.
      if (all.length <= READER_NAMES) for (const { id, name } of all) this.#names.set(id, name);
      return all;
    });
  }

  /** Calls back with the columns of every segment. */
  columns(take: Parameters<SegmentReader['columns']>[1]): void {
    this.together(() => this.#segments.columns(1, take));
  }

  /** The last version of each aggregate that the index has. */
  #versions(): SparseNumbers {
    const versions = new SparseNumbers(Uint32Array);
    for (const run of this.#runs.runs(RunKind.Events)) {
      for (const { key, version, count } of this.#runs.entries(run)) versions.set(key, version + count - 1);
    }
    return versions;
  }

  deadLetters(query: DeadLetterRange): readonly DeadLetterRecord[] {
    return this.#read(() => this.#deadLetters.page(query));
  }

  deadLetter(position: number): DeadLetterRecord | undefined {
    return this.#read(() => this.#deadLetters.find(position));
  }

  consumers(name?: string): readonly StoredConsumer[] {
    // In one transaction: the tables belong together.
    return this.together(() => readConsumers(this.database, name));
  }

  /** Dead letters of handlers that came later, by the names of their consumers. */
  lateLetters(): ReadonlyMap<string, LetterCount> {
    return this.#read(() => countLateLetters(this.database));
  }

  states(query: StateQuery): readonly StoredState[] {
    return this.#read(() => this.#states.page(query));
  }

  statesOf(keys: readonly number[], types?: ReadonlySet<number>): readonly StoredState[] {
    // One look at the file for all of them: each look of its own would lock and unlock it.
    return this.together(() => this.#states.ofKeys(keys, types));
  }

  stateTypes(): readonly StoredStateType[] {
    return this.#read(() => this.#states.types());
  }

  timers(query: TimerQuery): readonly TimerTicket[] {
    return this.#read(() => this.#timers.page(query));
  }

  timersOf(key: number): readonly TimerTicket[] {
    return this.#read(() => this.#timers.ofKey(key));
  }

  timer(key: number, name: string): StoredTimer | undefined {
    return this.#read(() => this.#timers.find(key, name));
  }

  timerCounts(): readonly TimerCount[] {
    return this.#read(() => this.#timers.counts());
  }

  snapshot(aggregate: number): StoredSnapshot | undefined {
    return this.#read(() => this.#snapshots.find(aggregate));
  }

  commands(query: CommandQuery): readonly StoredCommand[] {
    return this.#read(() => this.#commands.page(query));
  }

  get processing(): StoredProcessing {
    return new ProcessingReader(this.database);
  }

  close(): void {
    this.database.close();
  }

  /** Reads in one transaction, and so at one moment: the writer may write, merge or pack between two statements. */
  together<Result>(call: () => Result): Result {
    return this.#read(() => this.#moment.run(call));
  }

  #read<Result>(call: () => Result): Result {
    if (!this.database.open) {
      throw new EngineClosedError(`Store ${this.path} has been closed. Open it again before reading.`);
    }
    return guard(this.path, call);
  }

  #aggregatePage(aggregate: number, { from, limit, tail }: PageQuery): readonly RawEvent[] {
    const events: RawEvent[] = [];
    let bytes = 0;
    // An event can be in a run and in the caller's tail: versions only go up.
    let next = from;
    const take = (positions: ArrayLike<number>): boolean => {
      if (events.length === limit) return false;
      // Positions of the caller's tail may lie beyond what is committed: the events end before them.
      for (const event of this.#segments.events(positions)) {
        if (event.aggregate !== aggregate) throw this.#wrongIndex(event.position);
        if (event.version < next) continue;
        bytes += event.size;
        if (bytes > READ_PAGE_BYTES && events.length > 0) return false;
        events.push(event);
        next = event.version + 1;
        if (events.length === limit) return false;
      }
      return true;
    };
    for (const { version, values } of this.#runs.find(RunKind.Events, aggregate, from)) {
      if (!take(values.subarray(Math.max(0, from - version)))) return events;
    }
    const indexed = this.#indexed.get() as number;
    const positions = tail?.(indexed) ?? this.#segments.tailOf(aggregate, indexed);
    // Versions have no gaps: those of the pages before are not read again.
    for (const first of this.#segments.events(positions.slice(0, 1))) {
      take(positions.slice(Math.max(0, next - first.version)));
    }
    return events;
  }

  #wrongIndex(position: number): StoreCorruptError {
    return new StoreCorruptError(
      `Store ${this.path} is damaged: its index has the event at position ${position} for another aggregate. Run 'millrace verify' on it, and restore it from a backup.`,
      { details: { position } },
    );
  }
}
