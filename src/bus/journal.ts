import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Engine } from '../engine/engine.js';
import { openEngine } from '../engine/open.js';
import type { EngineOptions } from '../engine/options.js';
import type { DomainEvent } from '../events/domain-event.js';
import { READ_PAGE } from '../limits.js';
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

  /** The event at a position. */
  async at(position: number): Promise<DomainEvent | undefined> {
    for await (const event of this.engine.read({ fromPosition: position })) return event;
    return undefined;
  }

  /** The event with an id: `{run}/{aggregate id}/{version}`. */
  async find(id: string): Promise<DomainEvent | undefined> {
    const slash = id.lastIndexOf('/');
    const fromVersion = Number(id.slice(slash + 1));
    if (!id.startsWith(`${this.#run}/`) || !Number.isInteger(fromVersion) || fromVersion < 1)
      return undefined;
    const aggregateId = id.slice(this.#run.length + 1, slash);
    for await (const event of this.engine.read({ aggregateId, fromVersion })) {
      return event.id === id ? event : undefined;
    }
    return undefined;
  }

  /** The durable events that are not finished, from a position on, in order. */
  async *unfinished(from: number): AsyncGenerator<DomainEvent, void, undefined> {
    let next = this.processing.nextUnfinished(from);
    while (next <= this.engine.stats().durable) {
      for await (const event of this.engine.read({ fromPosition: next })) {
        next = event.position + 1;
        if (!this.processing.isFinished(event.position)) yield event;
        // A long stretch is skipped instead of read.
        else if (this.processing.nextUnfinished(next) - next > READ_PAGE) break;
      }
      next = this.processing.nextUnfinished(next);
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
  if (!statSync(store, { throwIfNoEntry: false })?.size) return undefined;
  using reader = openStoreReader(store);
  const [last] = reader.last(1);
  // Of a log without events the summary costs nothing.
  if (!last) return { run: reader.summary().run, lastPosition: 0 };
  const { id, aggregateId, version, position } = last;
  return { run: id.slice(0, -`/${aggregateId}/${version}`.length), lastPosition: position };
}
