import { Fingerprint } from '../events/canonical.js';
import type { DomainEvent } from '../events/domain-event.js';
import { optionNames, takeOptions } from '../events/known-options.js';
import { didYouMean } from '../events/nearest.js';
import { namesOfTypes, type TypeOrName } from '../events/type-names.js';
import { checkFunction, checkWhole } from '../kernel/check.js';
import {
  DeadLetterNotFoundError,
  EngineClosedError,
  InvalidOptionError,
  UnknownEventTypeError,
} from '../kernel/errors.js';
import { isPromised } from '../kernel/thenable.js';
import { READ_PAGE } from '../limits.js';
import { allCommands, type PendingCommand } from './all-commands.js';
import { addAllStates, type KeyStateEntry, keyStateOf, statePages, stateTypesOf } from './all-states.js';
import { allTimers, type PendingTimer } from './all-timers.js';
import { type ConsumerLag, consumerLags } from './consumer-lag.js';
import type { DeadLetter } from './dead-letter.js';
import { addToFingerprint, decodeEvent, pagesFrom, pagesUpTo } from './decode.js';
import { countEvents, topAggregates, typeCounts } from './event-counts.js';
import {
  COMMANDS,
  DEAD_LETTERS,
  type DeadLetterOptions,
  firstOf,
  listed,
  type PendingCommandOptions,
  STATES,
  type StoreListOptions,
  TIMERS,
} from './list-options.js';
import { countFinished } from './progress-span.js';
import { toDeadLetter } from './read-dead-letter.js';
import { type PageSource, pagesOf } from './read-pages.js';
import { positionIn, type ReadRange, rangeOf } from './read-range.js';
import { FORMAT_VERSION } from './schema.js';
import type { SnapshotCount } from './snapshot.js';
import { SqlRows } from './sql/rows.js';
import type { SqlValues } from './sql/statement.js';
import { guard } from './sqlite.js';
import { SqliteReader } from './sqlite-reader.js';
import type { StateCount, StoredStateType } from './state.js';
import { stateCounts } from './state-counts.js';
import type { RawEvent, TypedQuery } from './store.js';
import { checkStorePath } from './store-path.js';
import { countCommands } from './tables/command-table.js';
import { readProgress } from './tables/progress-table.js';
import { snapshotCounts } from './tables/snapshot-table.js';
import { typeFilter } from './typed-pages.js';
import { readRun } from './types.js';

/** What a store holds, in numbers. */
export interface StoreSummary {
  readonly path: string;
  readonly format: number;
  readonly run: string;
  readonly lastPosition: number;
  /** Bytes of the file's pages that are in use, to the number of events; 0 without events. */
  readonly bytesPerEvent: number;
  /** Every position up to here is finished. */
  readonly mark: number;
  /** Positions above the mark that are finished too. */
  readonly finishedAbove: number;
  readonly unfinished: number;
  /** Events whose handlers failed for good. */
  readonly deadLetters: { readonly parked: number; readonly skipped: number };
  /** By name; `lag` counts the events that it is not done with, failed and parked ones included. */
  readonly consumers: readonly ConsumerLag[];
  /** States that handlers keep for keys, by name and version: how many keys have one, and the bytes of all. */
  readonly states: readonly StateCount[];
  /** Timers of handlers that wait for their time: how many, and when the next one fires, in Unix epoch milliseconds. */
  readonly timers: { readonly pending: number; readonly next: number | undefined };
  /** Snapshots of aggregates that take commands, by name and version of their definition. */
  readonly snapshots: readonly SnapshotCount[];
  /** Commands of handlers that no aggregate has decided on yet. */
  readonly commands: number;
  readonly aggregates: number;
  readonly types: readonly { readonly type: string; readonly count: number }[];
  readonly topAggregates: readonly { readonly aggregateId: string; readonly count: number }[];
}

/** Which events `StoreReader.read` gives. Without options: the whole log, in position order. Bounds are included. */
export interface StoreReadOptions {
  /** Only this aggregate, in version order. */
  readonly aggregateId?: string;
  /** With `aggregateId`: only its events from this version on. Default 1. */
  readonly fromVersion?: number;
  /** With `aggregateId`: only its events up to this version. */
  readonly toVersion?: number;
  /** Only events from this position on. Default 1. */
  readonly fromPosition?: number;
  /** Only events up to this position. */
  readonly toPosition?: number;
  /** Only these event types, or types of these names; an empty list asks for no event. */
  readonly types?: readonly TypeOrName[];
  /** Events at most, from 1. Default: all. */
  readonly limit?: number;
  /** `backwards`: the newest first, from the upper bound down to the lower one. Default `forwards`. */
  readonly direction?: 'forwards' | 'backwards';
}

const READ = optionNames<StoreReadOptions>('read', {
  aggregateId: true,
  fromVersion: true,
  toVersion: true,
  fromPosition: true,
  toPosition: true,
  types: true,
  limit: true,
  direction: true,
});

/** Looks into a store without an engine: no lock, no write, no event types needed. */
export class StoreReader implements Disposable {
  readonly path: string;
  readonly #reader: SqliteReader;
  /** What the ids of its events begin with. */
  readonly run: string;

  /** @throws InvalidOptionError, StorePathError, ForeignStoreError, NewerStoreError, OlderStoreError, StoreCorruptError */
  constructor(path: string) {
    this.path = checkStorePath(path, 'The path of a store');
    this.#reader = new SqliteReader(path);
    try {
      this.run = guard(path, () => readRun(this.#reader.database));
    } catch (error) {
      this.#reader.close();
      throw error;
    }
  }

  /**
   * Calls `work`, and everything that it reads is of one moment, however much an engine writes meanwhile. As long as it
   * runs, that engine's WAL only grows, and none can open a closed store.
   *
   * @returns what `work` returns.
   * @throws InvalidOptionError when it is no function, or async; what it throws.
   */
  atOnce<Result>(work: () => Result): Result {
    checkFunction('atOnce', 'the work', work);
    // What the caller's own function throws is none of the store's errors.
    const outcome = this.#reader.together(() => outcomeOf(work));
    if ('thrown' in outcome) throw outcome.thrown;
    if (!isPromised(outcome.result)) return outcome.result;
    throw new InvalidOptionError(
      'atOnce: the function is async, and what it reads after the call would be of other moments. Read within the call.',
    );
  }

  /** What is in the store at one moment. It looks through the whole log. @throws StoreCorruptError */
  summary(): StoreSummary {
    return this.#reader.together(() => this.#summary());
  }

  #summary(): StoreSummary {
    const lastPosition = this.#reader.lastPosition;
    const { aggregates, types } = countEvents(this.#reader);
    const { row, chunks } = guard(this.path, () => readProgress(this.#reader.database));
    const { mark } = row;
    const finishedAbove = countFinished({ mark, chunks }) - mark;
    return {
      path: this.path,
      format: FORMAT_VERSION,
      run: this.run,
      lastPosition,
      bytesPerEvent: lastPosition === 0 ? 0 : this.#usedBytes() / lastPosition,
      mark,
      finishedAbove,
      unfinished: lastPosition - mark - finishedAbove,
      deadLetters: {
        parked: Number(this.#value("SELECT count(*) FROM dead_letters WHERE state = 'parked'")),
        skipped: Number(this.#value("SELECT count(*) FROM dead_letters WHERE state = 'skipped'")),
      },
      consumers: consumerLags(this.#reader, lastPosition),
      states: guard(this.path, () => stateCounts(this.#reader.database)),
      timers: {
        pending: this.#reader.timerCounts().reduce((sum, { count }) => sum + count, 0),
        next: this.#reader.timers({ limit: 1 })[0]?.at,
      },
      snapshots: guard(this.path, () => snapshotCounts(this.#reader.database)),
      commands: guard(this.path, () => countCommands(this.#reader.database)),
      aggregates: aggregates.size,
      types: typeCounts(this.#reader, this.path, types),
      topAggregates: topAggregates(this.#reader, aggregates),
    };
  }

  /** The newest `count` events, oldest first. @throws InvalidOptionError */
  last(count: number): DomainEvent[] {
    checkWhole('last', 'count', count, 0);
    if (count === 0) return [];
    return this.atOnce(() => {
      const pages = pagesFrom(this.#reader, Math.max(1, this.#reader.lastPosition - count + 1));
      return [...pages].flat().map((raw) => this.#decode(raw));
    });
  }

  /**
   * Events page by page, to the end that the log has when that is reached: an engine may write on meanwhile.
   *
   * @throws InvalidOptionError; UnknownEventTypeError when the store knows no such event type. At once, both.
   */
  read(options: StoreReadOptions = {}): Generator<DomainEvent> {
    const taken = takeOptions<StoreReadOptions>(options, READ);
    const range = rangeOf('read', taken);
    const types = taken.types === undefined ? undefined : this.#typesOf(taken.types);
    const wants =
      types &&
      typeFilter(
        () => this.#reader,
        (name) => types.has(name),
      );
    return this.#events(range, wants);
  }

  *#events(range: ReadRange, wants: TypedQuery['wants'] | undefined): Generator<DomainEvent> {
    let left = range.limit;
    const source: PageSource = {
      reader: () => this.#reader,
      tailOf: () => undefined,
      endOf: (aggregateId) =>
        aggregateId === undefined ? this.#reader.lastPosition : this.#lastVersion(aggregateId),
    };
    for (const page of pagesOf(source, range, wants)) {
      for (const raw of page) {
        const place = positionIn(range, raw.position);
        if (place === 'beyond') return;
        if (place !== 'within' || (wants && !wants(raw.type))) continue;
        yield this.#decode(raw);
        if (--left === 0) return;
      }
    }
  }

  /** The last version of an aggregate: that of the index, and what has come since. */
  #lastVersion(aggregateId: string): number {
    const found = this.#reader.findName(aggregateId);
    if (!found) return 0;
    let { version } = found;
    while (true) {
      const last = this.#reader.page({ aggregate: found.id, from: version + 1, limit: READ_PAGE }).at(-1);
      if (!last) return version;
      version = last.version;
    }
  }

  /**
   * Asks the log in SQL, read-only: `sql('SELECT type, count(*) FROM events GROUP BY type')`. The tables are `events`,
   * `events_of(aggregate_id)`, `events_between(first, last)`, `events_of_type(type)`, `aggregates`, `types`,
   * `dead_letters` and `consumers`; payload and metadata are JSON text. An answer is of the log as it was at the call.
   *
   * @param parameters values for each `?` of the statement, or by name for its `:names`.
   * @throws SqlError, also while rows are read; SqlReadOnlyError when it would do anything but read; InvalidOptionError.
   */
  sql(statement: string, parameters: SqlValues = []): SqlRows {
    const source = { reader: this.#reader, run: this.run, last: this.#reader.lastPosition };
    return new SqlRows(source, statement, parameters, () => this.#reader.database.open);
  }

  /** The dead letters in position order. @throws InvalidOptionError */
  deadLetters(options: DeadLetterOptions = {}): Generator<DeadLetter> {
    const { after, limit } = listed(options, DEAD_LETTERS);
    return firstOf(this.#letters(after), limit);
  }

  *#letters(after: number): Generator<DeadLetter> {
    let position = after;
    while (true) {
      const page = this.#reader.deadLetters({ after: position, limit: READ_PAGE });
      for (const record of page) yield toDeadLetter(this.#reader, this.run, record);
      const last = page.at(-1)?.position ?? position;
      // Nothing more; or pages of a damaged file that lead back.
      if (last <= position) return;
      position = last;
    }
  }

  /** The dead letter of the event at a position. @throws InvalidOptionError, DeadLetterNotFoundError */
  deadLetter(position: number): DeadLetter {
    checkWhole('deadLetter', 'position', position, 1);
    const record = this.#reader.deadLetter(position);
    if (record) return toDeadLetter(this.#reader, this.run, record);
    throw new DeadLetterNotFoundError(`Store ${this.path} has no dead letter at position ${position}.`, {
      details: { position },
    });
  }

  /** The states that handlers keep for keys, those of older versions included. @throws InvalidOptionError, StoreCorruptError */
  states(options: StoreListOptions = {}): Generator<KeyStateEntry> {
    return firstOf(this.#states(), listed(options, STATES).limit);
  }

  *#states(): Generator<KeyStateEntry> {
    let types: ReadonlyMap<number, StoredStateType> = new Map();
    for (const page of statePages(this.#reader)) {
      // Asked anew: an engine may have brought types since the page before.
      if (!page.every(({ type }) => types.has(type))) types = stateTypesOf(this.#reader);
      for (const state of page) yield keyStateOf(this.#reader, types, state);
    }
  }

  /** The timers that wait for their time, in the order in which they will fire. @throws InvalidOptionError, StoreCorruptError */
  timers(options: StoreListOptions = {}): Generator<PendingTimer> {
    return firstOf(allTimers(this.#reader), listed(options, TIMERS).limit);
  }

  /**
   * Handlers' commands that are not decided yet, in the order in which they were sent.
   *
   * @throws InvalidOptionError, StoreCorruptError
   */
  commands(options: PendingCommandOptions = {}): Generator<PendingCommand> {
    const { after, limit } = listed(options, COMMANDS);
    return firstOf(allCommands(this.#reader, after), limit);
  }

  /** The fingerprint of the log as it is at the call. @throws StoreCorruptError */
  fingerprint(): string {
    const last = this.#reader.lastPosition;
    // States change with the events that follow; so with any, all is read at one moment.
    if (this.#reader.stateTypes().length === 0) return this.#eventsUpTo(last).digest();
    return this.atOnce(() => {
      const fingerprint = this.#eventsUpTo(this.#reader.lastPosition);
      addAllStates(fingerprint, this.#reader);
      return fingerprint.digest();
    });
  }

  #eventsUpTo(last: number): Fingerprint {
    const fingerprint = new Fingerprint();
    for (const page of pagesUpTo(this.#reader, last)) addToFingerprint(fingerprint, this.#reader, page);
    return fingerprint;
  }

  close(): void {
    this.#reader.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** A name that the store has never heard of is a typing error: reading nothing would say that nothing happened. */
  #typesOf(types: readonly TypeOrName[]): ReadonlySet<string> {
    // Asked anew: an engine may have brought types since the last time.
    const stored = [...new Set([...this.#reader.freshTypes().values()].map(({ name }) => name))];
    for (const names of namesOfTypes('read', types)) {
      if (names.some((name) => stored.includes(name))) continue;
      const [name = ''] = names;
      throw new UnknownEventTypeError(
        `Store ${this.path} knows no event type '${name}'. ${didYouMean(name, stored, 'It knows')}`,
        { details: { type: name } },
      );
    }
    return new Set(namesOfTypes('read', types).flat());
  }

  #decode(raw: RawEvent): DomainEvent {
    return decodeEvent(this.#reader, this.run, raw);
  }

  #usedBytes(): number {
    const pragma = (name: string) => Number(this.#reader.database.pragma(name, { simple: true }));
    return guard(this.path, () => (pragma('page_count') - pragma('freelist_count')) * pragma('page_size'));
  }

  /** @throws EngineClosedError; StoreError */
  #value(sql: string): unknown {
    if (!this.#reader.database.open) {
      throw new EngineClosedError(`Store ${this.path} has been closed. Open it again before reading.`);
    }
    return guard(this.path, () => this.#reader.database.prepare(sql).pluck().get());
  }
}

/** Opens a store for looking, read-only. Close it when done. @throws the errors of `StoreReader`. */
export function openStoreReader(path: string): StoreReader {
  return new StoreReader(path);
}

function outcomeOf<Result>(work: () => Result): { readonly result: Result } | { readonly thrown: unknown } {
  try {
    return { result: work() };
  } catch (thrown) {
    return { thrown };
  }
}
