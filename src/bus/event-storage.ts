import type { Engine } from '../engine/engine.js';
import type { ManyReceipt } from '../engine/options.js';
import { Codec } from '../events/codec.js';
import type { NewEvent } from '../events/define-event.js';
import type { DomainEvent } from '../events/domain-event.js';
import { knownOptions, optionNames, takeOptions } from '../events/known-options.js';
import { checkPayload } from '../events/payload-check.js';
import { isWhole } from '../kernel/check.js';
import { encodeError, toError, type WireError } from '../kernel/error-codec.js';
import { EventNotFoundError, InvalidOptionError, PayloadTooLargeError } from '../kernel/errors.js';
import { shown } from '../kernel/thrown.js';
import { MAX_RESULT_BYTES, PROCESSING_LOG_PAGE } from '../limits.js';
import { upcastErrorOf } from '../store/decode.js';
import type { ProcessingEntry } from '../store/processing.js';
import { checkStorePath } from '../store/store-path.js';
import { Journal } from './journal.js';
import { JOURNAL_NAMES, type JournalOptions } from './options.js';

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

/** Which entries of the processing log `EventStorage` gives. */
export interface ProcessingLogQuery {
  /** Only the entries of the event with this id. Default: all events. */
  readonly id?: string;
  /** Only entries with a higher number. Default 0. */
  readonly after?: number;
  /** At most so many, 1 to 512. Default 100. */
  readonly limit?: number;
}

/** What ends a call's waiting with its reason. */
interface Abortable {
  readonly signal?: AbortSignal;
}

/** Where to begin in an aggregate. */
interface FromVersion {
  /** Default 1. */
  readonly fromVersion?: number;
}

interface MarkFailedOptions {
  /** Default 'storage'. */
  readonly by?: string;
  readonly error: unknown;
}

const STORAGE = optionNames<EventStorageOptions>('createEventStorage', { ...JOURNAL_NAMES, path: true });
const STORE = optionNames<Abortable>('store', { signal: true });
const BY_AGGREGATE = optionNames<FromVersion>('byAggregate', { fromVersion: true });
const MARK = optionNames<MarkOptions>('markProcessed', { by: true, result: true });
const MARK_FAILED = optionNames<MarkFailedOptions>('markFailed', { by: true, error: true });
const LOG = optionNames<ProcessingLogQuery>('processingLog', { id: true, after: true, limit: true });

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
  async store(event: NewEvent, options: Abortable = {}): Promise<DomainEvent> {
    const { signal } = knownOptions(options, STORE);
    const { position } = await this.engine.publish(event, { ...(signal && { signal }) });
    return inForm(await this.#journal.at(position)) as DomainEvent;
  }

  /** Stores events in order, in few transactions. Resolves when all are durable. */
  async storeMany(
    events: Iterable<NewEvent> | AsyncIterable<NewEvent>,
    options: Abortable = {},
  ): Promise<ManyReceipt> {
    const { signal } = knownOptions(options, STORE);
    return this.engine.publishMany(events, { ...(signal && { signal }) });
  }

  /** The event with an id; undefined when there is none. @throws UpcastError */
  async get(id: string): Promise<DomainEvent | undefined> {
    return inForm(await this.#journal.find(id));
  }

  /** The events of an aggregate, in version order. */
  byAggregate(aggregateId: string, options: FromVersion = {}): AsyncGenerator<DomainEvent, void, undefined> {
    const { fromVersion = 1 } = knownOptions(options, BY_AGGREGATE);
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
  async markProcessed(id: string, options: MarkOptions = {}): Promise<void> {
    const { by = 'storage', result } = knownOptions(options, MARK);
    // Before anything is waited for: what was passed is what is noted.
    const packed = result === undefined ? undefined : this.#packResult(id, result);
    const event = await this.#find(id);
    this.#note(event, by, packed, undefined);
    this.#journal.processing.finish(event.position);
    await this.#journal.processing.flushed();
  }

  /** Notes that somebody tried an event in vain. It stays unprocessed. @throws EventNotFoundError */
  async markFailed(id: string, options: MarkFailedOptions): Promise<void> {
    const { by = 'storage', error } = knownOptions(options, MARK_FAILED);
    const encoded = encodeError(toError(error));
    this.#note(await this.#find(id), by, undefined, encoded);
    await this.#journal.processing.flushed();
  }

  /** Who tried which event, when and with what outcome, in the order in which it happened. */
  async processingLog(query: ProcessingLogQuery = {}): Promise<ProcessingEntry[]> {
    const { id, after = 0, limit = 100 } = knownOptions(query, LOG);
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

  #note(
    { position }: DomainEvent,
    handler: string,
    result: Uint8Array | undefined,
    error: WireError | undefined,
  ): void {
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

  #packResult(id: string, result: unknown): Buffer {
    const what = `result of ${id}`;
    checkPayload(what, result);
    const packed = this.#codec.pack(result);
    if (packed.length <= MAX_RESULT_BYTES) return Buffer.from(packed);
    throw new PayloadTooLargeError(
      `The result for event '${id}' takes ${packed.length} bytes, the limit is ${MAX_RESULT_BYTES}. Store large data elsewhere and its address here.`,
      { details: { id, bytes: packed.length } },
    );
  }
}

/**
 * Opens an event storage. Handler modules and everything else are given as to `openEngine`. Close it when done.
 *
 * @throws the errors of `openEngine`; ForeignStoreError when the processing record is of another log.
 */
export async function createEventStorage(given: EventStorageOptions): Promise<EventStorage> {
  const { path, ...options } = takeOptions(given, STORAGE);
  if (path !== undefined) checkStorePath(path, 'Option path');
  return new EventStorage(await Journal.open({ ...options, ...(path !== undefined && { store: path }) }));
}

/** An event for its reader. @throws UpcastError */
function inForm(event: DomainEvent | undefined): DomainEvent | undefined {
  const error = event && upcastErrorOf(event);
  if (error) throw error;
  return event;
}

function checkNumber(name: string, value: number, least: number, most: number): void {
  if (isWhole(value, least, most)) return;
  throw new InvalidOptionError(
    `Event storage: ${name} is ${shown(value)}; it must be a whole number from ${least} to ${most}.`,
  );
}
