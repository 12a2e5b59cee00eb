import type { Engine } from '../engine/engine.js';
import type { ManyReceipt, PublishOptions } from '../engine/options.js';
import { Codec } from '../events/codec.js';
import type { NewEvent } from '../events/define-event.js';
import type { DomainEvent } from '../events/domain-event.js';
import { toError } from '../events/error-codec.js';
import { EventNotFoundError, InvalidOptionError, PayloadTooLargeError } from '../events/errors.js';
import { checkPayload } from '../events/payload-check.js';
import { shown } from '../events/thrown.js';
import { MAX_RESULT_BYTES, PROCESSING_LOG_PAGE } from '../limits.js';
import { upcastErrorOf } from '../store/decode.js';
import { Journal } from './journal.js';
import type { JournalOptions } from './options.js';
import type { ProcessingEntry } from './processing-rows.js';

/** How an event storage is opened: as an engine, with `path` for the store. */
export interface EventStorageOptions extends Omit<JournalOptions, 'store'> {
  /** Path of the SQLite file. Left out: everything lies in memory. */
  readonly path?: string;
}

/** What a storage holds, in numbers. */
export interface StorageStatistics {
  /** Durable events. */
  readonly events: number;
  /** Marked as processed, or handled by every subscriber. */
  readonly processed: number;
  /** Given up by a subscriber: see `bus.failedEvents`. */
  readonly failed: number;
  readonly unprocessed: number;
}

/** Who marks an event. */
export interface MarkOptions {
  /** Who processed it, as the processing log will say. Default 'storage'. */
  readonly by?: string;
  /** What came of it: plain data of at most 64 KiB. */
  readonly result?: unknown;
}

export interface ProcessingLogQuery {
  /** Only the entries of the event with this id. Default: all events. */
  readonly id?: string;
  /** Only entries with a higher number. Default 0. */
  readonly after?: number;
  /** At most so many, 1 to 512. Default 100. */
  readonly limit?: number;
}

/**
 * Events on disk, and which of them are processed: the engine's log with the processing record beside it. Make one
 * with `createEventStorage`, or take that of an event system.
 */
export class EventStorage implements AsyncDisposable {
  readonly #journal: Journal;
  readonly #codec = new Codec();

  /** @internal */
  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** The engine under the storage, for everything else. */
  get engine(): Engine {
    return this.#journal.engine;
  }

  /** Stores an event and resolves with it when it is durable: with id, version, position and time. */
  async store(event: NewEvent, { signal }: Pick<PublishOptions, 'signal'> = {}): Promise<DomainEvent> {
    const { position } = await this.engine.publish(event, { ...(signal && { signal }) });
    return inForm(await this.#journal.at(position)) as DomainEvent;
  }

  /** Stores events in order, in few transactions. Resolves when all are durable. */
  async storeMany(
    events: Iterable<NewEvent> | AsyncIterable<NewEvent>,
    { signal }: Pick<PublishOptions, 'signal'> = {},
  ): Promise<ManyReceipt> {
    return this.engine.publishMany(events, { ...(signal && { signal }) });
  }

  /** The event with an id; undefined when there is none. @throws UpcastError */
  async get(id: string): Promise<DomainEvent | undefined> {
    return inForm(await this.#journal.find(id));
  }

  /** The events of an aggregate, in version order. */
  byAggregate(
    aggregateId: string,
    { fromVersion = 1 }: { readonly fromVersion?: number } = {},
  ): AsyncGenerator<DomainEvent, void, undefined> {
    return this.engine.read({ aggregateId, fromVersion });
  }

  /** The events that nobody has processed, in the order in which they were stored. Failed ones are not among them. @throws UpcastError */
  async *unprocessed(): AsyncGenerator<DomainEvent, void, undefined> {
    for await (const event of this.#journal.unfinished(1)) yield inForm(event) as DomainEvent;
  }

  /**
   * Notes that an event is processed, by whom and with what result. Resolves when that is written. Doing so again
   * only adds another entry to the processing log.
   *
   * @throws EventNotFoundError; UnsupportedPayloadError or PayloadTooLargeError for a result that cannot be stored.
   */
  async markProcessed(id: string, { by = 'storage', result }: MarkOptions = {}): Promise<void> {
    const event = await this.#find(id);
    if (result !== undefined) this.#checkResult(event, result);
    this.#note(event, by, result, undefined);
    this.#journal.processing.finish(event.position);
    await this.#journal.processing.flushed();
  }

  /** Notes that somebody tried an event in vain. It stays unprocessed. @throws EventNotFoundError */
  async markFailed(id: string, { by = 'storage', error }: { by?: string; error: unknown }): Promise<void> {
    this.#note(await this.#find(id), by, undefined, toError(error));
    await this.#journal.processing.flushed();
  }

  /** Who tried which event, when and with what outcome, in the order in which it happened. */
  async processingLog({ id, after = 0, limit = 100 }: ProcessingLogQuery = {}): Promise<ProcessingEntry[]> {
    checkNumber('after', after, 0, Number.MAX_SAFE_INTEGER);
    checkNumber('limit', limit, 1, PROCESSING_LOG_PAGE);
    const position = id === undefined ? undefined : (await this.#find(id)).position;
    return this.#journal.processing.entries(position, { after, limit });
  }

  /**
   * Forgets the processing log's entries of events below a position; which events are processed stays known.
   *
   * @returns how many entries were forgotten.
   */
  trimProcessingLog(beforePosition: number): number {
    checkNumber('beforePosition', beforePosition, 1, Number.MAX_SAFE_INTEGER);
    return this.#journal.processing.dropEntries(beforePosition);
  }

  statistics(): StorageStatistics {
    const { engine, processing, behind } = this.#journal;
    const failed = processing.failedCount;
    const events = engine.stats().durable;
    return { events, processed: events - behind - failed, failed, unprocessed: behind };
  }

  /** Finishes what was accepted, and lets go of every thread and file. Safe to call twice. */
  close(): Promise<void> {
    return this.#journal.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #find(id: string): Promise<DomainEvent> {
    const event = await this.#journal.find(id);
    if (event) return event;
    throw new EventNotFoundError(`There is no event with the id '${id}' in the log.`, { details: { id } });
  }

  #note({ position }: DomainEvent, handler: string, result: unknown, error: Error | undefined): void {
    const outcome = error ? 'failed' : 'done';
    const attempt = 1;
    this.#journal.processing.note({
      position,
      handler,
      attempt,
      processedAt: Date.now(),
      milliseconds: undefined,
      outcome,
      result,
      error,
    });
  }

  #checkResult({ type }: DomainEvent, result: unknown): void {
    checkPayload(type, result);
    const bytes = this.#codec.pack(result).length;
    if (bytes <= MAX_RESULT_BYTES) return;
    throw new PayloadTooLargeError(
      `The result for an event of '${type}' takes ${bytes} bytes, the limit is ${MAX_RESULT_BYTES}. Store large data elsewhere and its address here.`,
      { details: { type, bytes } },
    );
  }
}

/**
 * Opens an event storage. Handler modules and everything else are given as to `openEngine`. Close it when done.
 *
 * @throws the errors of `openEngine`; ForeignStoreError when the processing record is of another log.
 */
export async function createEventStorage({ path, ...options }: EventStorageOptions): Promise<EventStorage> {
  return new EventStorage(await Journal.open({ ...options, ...(path !== undefined && { store: path }) }));
}

/** An event for its reader. @throws UpcastError */
function inForm(event: DomainEvent | undefined): DomainEvent | undefined {
  const error = event && upcastErrorOf(event);
  if (error) throw error;
  return event;
}

function checkNumber(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new InvalidOptionError(
    `Event storage: ${name} is ${shown(value)}; it must be a whole number from ${least} to ${most}.`,
  );
}
