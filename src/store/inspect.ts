import { Fingerprint } from '../events/canonical.js';
import type { DomainEvent } from '../events/domain-event.js';
import { knownOptions, optionNames } from '../events/known-options.js';
import { didYouMean } from '../events/nearest.js';
import { namesOfTypes, type TypeOrName } from '../events/type-names.js';
import { DeadLetterNotFoundError, StoreCorruptError, UnknownEventTypeError } from '../kernel/errors.js';
import { MAX_NAME_BYTES, READ_PAGE } from '../limits.js';
import { lastFor } from './consumer.js';
import type { DeadLetter } from './dead-letter.js';
import { addToFingerprint, decodeEvent, pagesFrom, storedType } from './decode.js';
import { MAX_WORD_BYTES } from './limits.js';
import { measured, numberOf } from './measured.js';
import { countFinished } from './progress-span.js';
import { readProgress } from './progress-table.js';
import { toDeadLetter } from './read-dead-letter.js';
import { FORMAT_VERSION } from './schema.js';
import { guard } from './sqlite.js';
import { SqliteReader } from './sqlite-reader.js';
import type { RawEvent } from './store.js';
import { checkStorePath } from './store-path.js';
import { readRun } from './types.js';

/** What a store holds, in numbers. */
export interface StoreSummary {
  readonly path: string;
  readonly format: number;
  readonly run: string;
  readonly lastPosition: number;
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
  readonly aggregates: number;
  readonly types: readonly { readonly type: string; readonly count: number }[];
  readonly topAggregates: readonly { readonly aggregateId: string; readonly count: number }[];
}

/** Which events `StoreReader.read` gives. */
export interface StoreReadOptions {
  readonly aggregateId?: string;
  readonly fromVersion?: number;
  readonly fromPosition?: number;
  /** Only these event types, or types of these names. */
  readonly types?: readonly TypeOrName[];
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

  /** @throws InvalidOptionError, StorePathError, ForeignStoreError, NewerStoreError, StoreCorruptError */
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
    const lastPosition = Number(this.#value('SELECT max(position) FROM events') ?? 0);
    const { row, chunks } = guard(this.path, () => readProgress(this.#reader.database));
    const { mark } = row;
    const finishedAbove = countFinished({ mark, chunks }) - mark;
    return {
      path: this.path,
      format: FORMAT_VERSION,
      run: this.run,
      lastPosition,
      mark,
      finishedAbove,
      unfinished: lastPosition - mark - finishedAbove,
      deadLetters: {
        parked: Number(this.#value("SELECT count(*) FROM dead_letters WHERE state = 'parked'")),
        skipped: Number(this.#value("SELECT count(*) FROM dead_letters WHERE state = 'skipped'")),
      },
      consumers: this.#consumers(lastPosition),
      aggregates: Number(this.#value(`SELECT count(DISTINCT id) FROM ${ids('aggregate')}`)),
      types: this.#counts(
        `SELECT ${measured('event_types.name', MAX_WORD_BYTES)} AS type, sum(events) AS count
         FROM (SELECT id, count(*) AS events FROM ${ids('type')} GROUP BY id)
         JOIN event_types USING (id) GROUP BY 1 ORDER BY count DESC, 1`,
      ),
      topAggregates: this.#counts(
        `SELECT ${measured('names.name', MAX_NAME_BYTES)} AS aggregateId, events AS count
         FROM (SELECT id, count(*) AS events FROM ${ids('aggregate')} GROUP BY id)
         JOIN names USING (id) ORDER BY count DESC, 1 LIMIT 10`,
      ),
    };
  }

  /** The newest `count` events, oldest first. */
  last(count: number): DomainEvent[] {
    const lastPosition = Number(this.#value('SELECT max(position) FROM events') ?? 0);
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

  fingerprint(): string {
    const fingerprint = new Fingerprint();
    for (const page of pagesFrom(this.#reader, 1)) addToFingerprint(fingerprint, this.#reader, page);
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

  /** Rows of a summary. @throws StoreCorruptError when a name in them is longer than any that is written. */
  #counts<Row extends { readonly count: number }>(sql: string): readonly Row[] {
    const rows = guard(this.path, () => this.#reader.database.prepare(sql).all()) as Row[];
    if (rows.every((row) => !Object.values<unknown>(row).includes(null))) return rows;
    throw new StoreCorruptError(
      `Store ${this.path} is damaged: a name in it cannot be read. Run 'millrace verify' on it, and restore it from a backup.`,
    );
  }

  #value(sql: string): unknown {
    return guard(this.path, () => this.#reader.database.prepare(sql).pluck().get());
  }
}

/** A column of the events for counting. The limit keeps SQLite from sorting the column itself, whatever is in it. */
function ids(column: string): string {
  return `(SELECT ${numberOf(column)} AS id FROM events LIMIT -1)`;
}

/** Opens a store for looking, read-only. Close it when done. @throws the errors of `StoreReader`. */
export function openStoreReader(path: string): StoreReader {
  return new StoreReader(path);
}
