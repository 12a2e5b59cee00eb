import { Fingerprint } from '../events/canonical.js';
import type { DomainEvent } from '../events/domain-event.js';
import { DeadLetterNotFoundError } from '../events/errors.js';
import { READ_PAGE } from '../limits.js';
import { type DeadLetter, toDeadLetter } from './dead-letter.js';
import { addToFingerprint, decodeEvent, pagesFrom, storedType } from './decode.js';
import { FORMAT_VERSION } from './schema.js';
import { guard } from './sqlite.js';
import { SqliteReader } from './sqlite-reader.js';
import type { RawEvent } from './store.js';
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
  readonly aggregates: number;
  readonly types: readonly { readonly type: string; readonly count: number }[];
  readonly topAggregates: readonly { readonly aggregateId: string; readonly count: number }[];
}

/** Which events `StoreReader.read` gives. */
export interface StoreReadOptions {
  readonly aggregateId?: string;
  readonly fromVersion?: number;
  readonly fromPosition?: number;
  readonly types?: readonly string[];
}

/** Which dead letters `StoreReader.deadLetters` gives. */
export interface DeadLetterOptions {
  /** Only those above this position. Default 0. */
  readonly after?: number;
}

/** Looks into a store without an engine: no lock, no write, no event types needed. */
export class StoreReader implements Disposable {
  readonly path: string;
  readonly #reader: SqliteReader;
  /** What the ids of its events begin with. */
  readonly run: string;

  /** @throws StorePathError, ForeignStoreError, NewerStoreError, StoreCorruptError */
  constructor(path: string) {
    this.path = path;
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
    const mark = Number(this.#value('SELECT mark FROM progress'));
    const finishedAbove = this.#finishedAbove(mark);
    const all = (sql: string) => guard(this.path, () => this.#reader.database.prepare(sql).all());
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
      aggregates: Number(this.#value('SELECT count(DISTINCT aggregate) FROM events')),
      types: all(
        `SELECT event_types.name AS type, count(*) AS count FROM events JOIN event_types ON event_types.id = type
         GROUP BY event_types.name ORDER BY count DESC, 1`,
      ) as StoreSummary['types'],
      topAggregates: all(
        `SELECT names.name AS aggregateId, count(*) AS count FROM events JOIN names ON names.id = aggregate
         GROUP BY aggregate ORDER BY count DESC, 1 LIMIT 10`,
      ) as StoreSummary['topAggregates'],
    };
  }

  /** The newest `count` events, oldest first. */
  last(count: number): DomainEvent[] {
    const lastPosition = Number(this.#value('SELECT max(position) FROM events') ?? 0);
    const page = this.#reader.page({ from: Math.max(1, lastPosition - count + 1), limit: count });
    return page.map((raw) => this.#decode(raw));
  }

  *read(options: StoreReadOptions = {}): Generator<DomainEvent> {
    const types = options.types && new Set(options.types);
    for (const raw of this.#raw(options)) {
      if (types && !types.has(storedType(this.#reader, raw).name)) continue;
      yield this.#decode(raw);
    }
  }

  /** The dead letters in position order. */
  *deadLetters({ after = 0 }: DeadLetterOptions = {}): Generator<DeadLetter> {
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

  #decode(raw: RawEvent): DomainEvent {
    return decodeEvent(this.#reader, this.run, raw);
  }

  #finishedAbove(mark: number): number {
    const chunks = this.#reader.database.prepare('SELECT chunk, bits FROM progress_chunks').all() as {
      chunk: number;
      bits: Buffer;
    }[];
    let count = 0;
    for (const { chunk, bits } of chunks) {
      const first = chunk * bits.length * 8 + 1;
      for (let bit = Math.max(0, mark + 1 - first); bit < bits.length * 8; bit++) {
        count += ((bits[bit >>> 3] as number) >>> (bit & 7)) & 1;
      }
    }
    return count;
  }

  #value(sql: string): unknown {
    return guard(this.path, () => this.#reader.database.prepare(sql).pluck().get());
  }
}

/** Opens a store for looking, read-only. Close it when done. @throws the errors of `StoreReader`. */
export function openStoreReader(path: string): StoreReader {
  return new StoreReader(path);
}
