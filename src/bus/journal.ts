import type { Engine } from '../engine/engine.js';
import { openEngine } from '../engine/open.js';
import type { EngineOptions } from '../engine/options.js';
import { ANYWAY, type OwnReadOptions } from '../engine/reading/read.js';
import type { DomainEvent } from '../events/domain-event.js';
import { READ_PAGE } from '../limits.js';
import { Processing } from './processing.js';

/** What the subscribers of the main thread did since the log was opened. */
export class BusCounters {
  /** Tries. */
  calls = 0;
  /** Milliseconds in all of them. */
  milliseconds = 0;
  failedCalls = 0;
  retried = 0;
  /** Events that their subscribers handled, and events that one of them gave up. */
  handled = 0;
  givenUp = 0;
  /** Events that failed for good, of subscribers and of lanes. */
  failed = 0;
  /** Events whose subscribers failed for good, less those that were tried again with success. */
  unprocessed = 0;
}

/** A log and which of its events the main thread has processed: an engine, and the consumer of it that is the bus. */
export class Journal {
  readonly engine: Engine;
  readonly processing: Processing;
  readonly counters = new BusCounters();
  /** Whether the log has no file, and may forget its oldest events. */
  readonly isInMemory: boolean;
  /** Events that the log had at the start and that were not finished. */
  readonly backlog: number;
  /** Who waits for which event, by position. */
  #asked = new Map<number, PromiseWithResolvers<DomainEvent | undefined>>();

  private constructor(engine: Engine, isInMemory: boolean, processing: Processing) {
    this.engine = engine;
    this.isInMemory = isInMemory;
    this.processing = processing;
    // Not where it ends now: what its lanes have emitted since must not pass for what it had.
    this.backlog = engine.consumers.log.openedAt - processing.finished;
  }

  /** The journal of an engine that is open. @throws TooManyConsumersError, StoreCorruptError */
  static over(engine: Engine, isInMemory: boolean): Journal {
    const { consumers } = engine;
    const processing = new Processing(() => consumers.log);
    consumers.attach(processing);
    return new Journal(engine, isInMemory, processing);
  }

  /** @throws the errors of `openEngine`; TooManyConsumersError. Nothing stays open then. */
  static async open(options: EngineOptions): Promise<Journal> {
    const engine = await openEngine(options);
    try {
      return Journal.over(engine, options.store === undefined);
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
    const { run } = this.engine.consumers.log;
    if (!id.startsWith(`${run}/`) || !Number.isInteger(fromVersion) || fromVersion < 1) return undefined;
    const aggregateId = id.slice(run.length + 1, slash);
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

  /** Closes the engine, which stores what is noted. Safe to call twice. */
  async close(): Promise<void> {
    await this.engine.close();
  }
}
