import { Fingerprint } from '../events/canonical.js';
import type { DomainEvent } from '../events/domain-event.js';
import { knownOptions, optionNames } from '../events/known-options.js';
import { didYouMean } from '../events/nearest.js';
import { namesOfTypes, type TypeOrName } from '../events/type-names.js';
import { DeadLetterNotFoundError, StoreCorruptError, UnknownEventTypeError } from '../kernel/errors.js';
import { READ_PAGE } from '../limits.js';
import { addStates, currentStateTypes, statePages, stateValue } from './all-states.js';
import { lastFor } from './consumer.js';
import type { DeadLetter } from './dead-letter.js';
import { addToFingerprint, decodeEvent, pagesFrom, storedType } from './decode.js';
import { countFinished } from './progress-span.js';
import { readProgress } from './progress-table.js';
import { toDeadLetter } from './read-dead-letter.js';
import { FORMAT_VERSION } from './schema.js';
import { guard } from './sqlite.js';
import { SqliteReader } from './sqlite-reader.js';
import type { StateCount } from './state.js';
import { stateCounts } from './state-counts.js';
import type { RawEvent } from './store.js';
import { checkStorePath } from './store-path.js';
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
  readonly consumers: readonly {
    readonly name: string;
    readonly position: number;
    readonly lag: number;
    readonly parked: number;
    readonly skipped: number;
  }[];
  /** States that handlers keep for keys, by name and version: how many keys have one, and the bytes of all. */
  readonly states: readonly StateCount[];
  readonly aggregates: number;
  readonly types: readonly { readonly type: string; readonly count: number }[];
  readonly topAggregates: readonly { readonly aggregateId: string; readonly count: number }[];
}

/** Aggregates in a summary, and how many equally large ones are compared by their names. */
const TOP_AGGREGATES = 10;
const MAX_TIES = 1000;

/** Which events `StoreReader.read` gives. */
export interface StoreReadOptions {
  readonly aggregateId?: string;
  readonly fromVersion?: number;
  readonly fromPosition?: number;
  /** Only these event types, or types of these names. */
  readonly types?: readonly TypeOrName[];
}

/** What handlers keep for a key, as the last event that changed it has left it. */
export interface KeyStateEntry {
  /** The partition key. */
  readonly key: string;
  readonly name: string;
  readonly version: number;
  /** The event that made it so. */
  readonly position: number;
  readonly value: unknown;
}

/** Which dead letters `StoreReader.deadLetters` gives. */
export interface DeadLetterOptions {
  /** Only those above this position. Default 0. */
  readonly after?: number;
}

const READ = optionNames<StoreReadOptions>('read', {
  aggregateId: true,
  fromVersion: true,
  fromPosition: true,
  types: true,
});

const DEAD_LETTERS = optionNames<DeadLetterOptions>('deadLetters', { after: true });

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

  summary(): StoreSummary {
    const lastPosition = this.#lastPosition();
    const { aggregates, types } = this.#countEvents();
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
      consumers: this.#consumers(lastPosition),
      states: guard(this.path, () => stateCounts(this.#reader.database)),
      aggregates: aggregates.size,
      types: this.#typeCounts(types),
      topAggregates: this.#topAggregates(aggregates),
    };
  }

  /** The newest `count` events, oldest first. */
  last(count: number): DomainEvent[] {
    const lastPosition = this.#lastPosition();
    const pages = pagesFrom(this.#reader, Math.max(1, lastPosition - count + 1));
    return [...pages]
      .flat()
      .slice(-count)
      .map((raw) => this.#decode(raw));
  }

  /** @throws InvalidOptionError; UnknownEventTypeError when the store knows no such event type. At once, both. */
  read(options: StoreReadOptions = {}): Generator<DomainEvent> {
    knownOptions(options, READ);
    const types = options.types === undefined ? undefined : this.#typesOf(options.types);
    return this.#events(options, types);
  }

  *#events(options: StoreReadOptions, types: ReadonlySet<string> | undefined): Generator<DomainEvent> {
    for (const raw of this.#raw(options)) {
      if (types && !types.has(storedType(this.#reader, raw).name)) continue;
      yield this.#decode(raw);
    }
  }

  /** The dead letters in position order. */
  deadLetters(options: DeadLetterOptions = {}): Generator<DeadLetter> {
    return this.#letters(knownOptions(options, DEAD_LETTERS));
  }

  *#letters({ after = 0 }: DeadLetterOptions): Generator<DeadLetter> {
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

  /** The dead letter of the event at a position. @throws DeadLetterNotFoundError */
  deadLetter(position: number): DeadLetter {
    const record = this.#reader.deadLetter(position);
    if (record) return toDeadLetter(this.#reader, this.run, record);
    throw new DeadLetterNotFoundError(`Store ${this.path} has no dead letter at position ${position}.`, {
      details: { position },
    });
  }

  /** The states that handlers keep for keys, those of older versions included. @throws StoreCorruptError */
  *states(): Generator<KeyStateEntry> {
    const types = new Map(this.#reader.stateTypes().map((type) => [type.id, type]));
    for (const page of types.size === 0 ? [] : statePages(this.#reader)) {
      for (const state of page) {
        const { name = '', version = 0 } = types.get(state.type) ?? {};
        const value = stateValue(this.#reader, state);
        yield { key: this.#reader.nameOf(state.key), name, version, position: state.position, value };
      }
    }
  }

  fingerprint(): string {
    const fingerprint = new Fingerprint();
    for (const page of pagesFrom(this.#reader, 1)) addToFingerprint(fingerprint, this.#reader, page);
    const types = currentStateTypes(this.#reader);
    if (types.size === 0) return fingerprint.digest();
    for (const page of statePages(this.#reader)) addStates(fingerprint, this.#reader, types, page);
    return fingerprint.digest();
  }

  close(): void {
    this.#reader.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  *#raw({ aggregateId, fromVersion = 1, fromPosition = 1 }: StoreReadOptions): Generator<RawEvent> {
    if (aggregateId === undefined) {
      for (const page of pagesFrom(this.#reader, fromPosition)) yield* page;
      return;
    }
    const aggregate = this.#reader.findName(aggregateId)?.id;
    if (aggregate === undefined) return;
    let from = fromVersion;
    while (true) {
      const page = this.#reader.page({ aggregate, from, limit: READ_PAGE });
      const last = page.at(-1);
      if (!last) return;
      yield* page;
      from = last.version + 1;
    }
  }

  /** A name that the store has never heard of is a typing error: reading nothing would say that nothing happened. */
  #typesOf(types: readonly TypeOrName[]): ReadonlySet<string> {
    const stored = [...new Set([...this.#reader.types.values()].map(({ name }) => name))];
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

  #consumers(lastPosition: number): StoreSummary['consumers'] {
    return this.#reader.consumers().map(({ name, progress, failures }) => {
      const parked = failures.filter(({ state }) => state === 'parked').length;
      return {
        name,
        position: progress.mark,
        lag: Math.max(0, lastFor(name, lastPosition) - countFinished(progress)),
        parked,
        skipped: failures.length - parked,
      };
    });
  }

  #lastPosition(): number {
    return Number(this.#value('SELECT first + count - 1 FROM segments ORDER BY first DESC LIMIT 1') ?? 0);
  }

  #usedBytes(): number {
    const pragma = (name: string) => Number(this.#reader.database.pragma(name, { simple: true }));
    return guard(this.path, () => (pragma('page_count') - pragma('freelist_count')) * pragma('page_size'));
  }

  /** How many events each aggregate and each type has, by their numbers. */
  #countEvents(): { readonly aggregates: Map<number, number>; readonly types: Map<number, number> } {
    const aggregates = new Map<number, number>();
    const types = new Map<number, number>();
    this.#reader.columns(({ count }, { aggregate, type }) => {
      for (let index = 0; index < count; index++) {
        const id = aggregate[index] as number;
        aggregates.set(id, (aggregates.get(id) ?? 0) + 1);
        const kind = type[index] as number;
        types.set(kind, (types.get(kind) ?? 0) + 1);
      }
    });
    return { aggregates, types };
  }

  /** Event types with the most events first; all versions of a type together. @throws StoreCorruptError */
  #typeCounts(counts: ReadonlyMap<number, number>): StoreSummary['types'] {
    const byName = new Map<string, number>();
    for (const [id, count] of counts) {
      const name = this.#reader.types.get(id)?.name;
      if (name === undefined) {
        throw new StoreCorruptError(
          `Store ${this.path} is damaged: it has events of the unknown type ${id}. Run 'millrace verify' on it, and restore it from a backup.`,
        );
      }
      byName.set(name, (byName.get(name) ?? 0) + count);
    }
    const types = [...byName].map(([type, count]) => ({ type, count }));
    return types.sort((a, b) => b.count - a.count || (a.type < b.type ? -1 : 1));
  }

  #topAggregates(counts: ReadonlyMap<number, number>): StoreSummary['topAggregates'] {
    const most = [...counts.values()].sort((a, b) => b - a)[TOP_AGGREGATES - 1] ?? 0;
    return [...counts]
      .filter(([, count]) => count >= most)
      .slice(0, MAX_TIES)
      .map(([id, count]) => ({ aggregateId: this.#reader.nameOf(id), count }))
      .sort((a, b) => b.count - a.count || (a.aggregateId < b.aggregateId ? -1 : 1))
      .slice(0, TOP_AGGREGATES);
  }

  #value(sql: string): unknown {
    return guard(this.path, () => this.#reader.database.prepare(sql).pluck().get());
  }
}

/** Opens a store for looking, read-only. Close it when done. @throws the errors of `StoreReader`. */
export function openStoreReader(path: string): StoreReader {
  return new StoreReader(path);
}
