import { randomBytes } from 'node:crypto';
import type { Engine } from '../engine/engine.js';
import { openEngine } from '../engine/open.js';
import type { EngineOptions } from '../engine/options.js';
import { ANYWAY, type OwnReadOptions } from '../engine/reading/read.js';
import type { DomainEvent } from '../events/domain-event.js';
import { READ_PAGE } from '../limits.js';
import { checkStoreFile } from '../store/file-check.js';
import { openStoreReader } from '../store/inspect.js';
import { realPath } from '../store/real-path.js';
import { Processing } from './processing.js';

/** Where the processing record of a store lies: beside it, as its `-wal` and `-lock` do. */
export function processingPath(store: string): string {
  return `${realPath(store)}-processing`;
}

/** What the subscribers of the main thread did since the log was opened. */
export class BusCounters {
  /** Tries. */
  calls = 0;
  /** Milliseconds in all of them. */
  milliseconds = 0;
  retried = 0;
  /** Events that failed for good, of subscribers and of lanes. */
  failed = 0;
  /** Events whose subscribers failed for good, less those that were tried again with success. */
  unprocessed = 0;
}

/** A log with the record of which of its events the main thread has processed: an engine and a `Processing`. */
export class Journal {
  readonly engine: Engine;
  readonly processing: Processing;
  readonly counters = new BusCounters();
  /** Events that the log had at the start and that were not finished. */
  readonly backlog: number;
  /** What the ids of the log's events begin with. */
  readonly #run: string;
  #closing: Promise<void> | undefined;
  /** Who waits for which event, by position. */
  #asked = new Map<number, PromiseWithResolvers<DomainEvent | undefined>>();

  private constructor(engine: Engine, processing: Processing, { run, lastPosition }: LogEnd) {
    this.engine = engine;
    this.processing = processing;
    this.backlog = lastPosition - processing.finished;
    this.#run = run;
  }

  /** @throws the errors of `openEngine` and of `Processing`; nothing stays open then. */
  static async open(options: EngineOptions): Promise<Journal> {
    const { store, run = randomBytes(6).toString('hex') } = options;
    // Before the engine goes on: what its lanes emit at once must not pass for the end that the log had.
    const end = store === undefined ? { run, lastPosition: 0 } : endOf(store);
    const engine = await openEngine(store === undefined ? { ...options, run } : options);
    try {
      const path = store === undefined ? undefined : processingPath(store);
      const found = (end ?? endOf(store as string)) as LogEnd;
      return new Journal(engine, new Processing({ path, ...found }), found);
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  /** Durable events that are not finished. While a commit is being handed out it may be counted as done already. */
  get behind(): number {
    return Math.max(0, this.engine.stats().durable - this.processing.finished);
  }

  /** The event at a position; see `upcastErrorOf`. Those that are asked for in one turn are read in one pass. */
  at(position: number): Promise<DomainEvent | undefined> {
    const asked = this.#asked.get(position) ?? Promise.withResolvers<DomainEvent | undefined>();
    if (this.#asked.size === 0) setImmediate(() => void this.#answer());
    this.#asked.set(position, asked);
    return asked.promise;
  }

  /** The events at ascending positions, in order. */
  async *pick(positions: readonly number[]): AsyncGenerator<DomainEvent, void, undefined> {
    for (let next = 0; next < positions.length; ) {
      const before = next;
      for await (const event of this.#read({ fromPosition: positions[next] as number })) {
        if (event.position !== positions[next]) continue;
        next++;
        yield event;
        // A long stretch is skipped instead of read.
        if ((positions[next] ?? Number.POSITIVE_INFINITY) - event.position > READ_PAGE) break;
      }
      // The log ends before it.
      if (next === before) return;
    }
  }

  /** The event with an id: `{run}/{aggregate id}/{version}`; see `upcastErrorOf`. */
  async find(id: string): Promise<DomainEvent | undefined> {
    const slash = id.lastIndexOf('/');
    const fromVersion = Number(id.slice(slash + 1));
    if (!id.startsWith(`${this.#run}/`) || !Number.isInteger(fromVersion) || fromVersion < 1)
      return undefined;
    const aggregateId = id.slice(this.#run.length + 1, slash);
    const event = await this.#first({ aggregateId, fromVersion });
    return event?.id === id ? event : undefined;
  }

  /** The durable events that are not finished, from a position on, in order; see `upcastErrorOf`. */
  async *unfinished(from: number): AsyncGenerator<DomainEvent, void, undefined> {
    let next = this.processing.nextUnfinished(from);
    while (next <= this.engine.stats().durable) {
      for await (const event of this.#read({ fromPosition: next })) {
        next = event.position + 1;
        if (!this.processing.isFinished(event.position)) yield event;
        // A long stretch is skipped instead of read.
        else if (this.processing.nextUnfinished(next) - next > READ_PAGE) break;
      }
      next = this.processing.nextUnfinished(next);
    }
  }

  /** One event without a form of today must hide no other one. */
  #read(options: OwnReadOptions): AsyncGenerator<DomainEvent, void, undefined> {
    const all: OwnReadOptions = { ...options, [ANYWAY]: true };
    return this.engine.read(all);
  }

  async #first(options: OwnReadOptions): Promise<DomainEvent | undefined> {
    for await (const event of this.#read(options)) return event;
    return undefined;
  }

  async #answer(): Promise<void> {
    const asked = this.#asked;
    this.#asked = new Map();
    try {
      for await (const event of this.pick([...asked.keys()].sort((a, b) => a - b))) {
        asked.get(event.position)?.resolve(event);
      }
      for (const { resolve } of asked.values()) resolve(undefined);
    } catch (error) {
      for (const { reject } of asked.values()) reject(error);
    }
  }

  /** Closes both, the engine last: it is what the record is about. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      this.processing.close();
    } finally {
      await this.engine.close();
    }
  }
}

/** Where a log ends, and what the ids of its events begin with. */
interface LogEnd {
  readonly run: string;
  readonly lastPosition: number;
}

/** The end of the log in a file; undefined when there is no file yet. */
function endOf(store: string): LogEnd | undefined {
  if (!checkStoreFile(store)) return undefined;
  using reader = openStoreReader(store);
  const [last] = reader.last(1);
  // Of a log without events the summary costs nothing.
  if (!last) return { run: reader.summary().run, lastPosition: 0 };
  const { id, aggregateId, version, position } = last;
  return { run: id.slice(0, -`/${aggregateId}/${version}`.length), lastPosition: position };
}
