import type { AnyEventType } from '../../events/define-event.js';
import type { DomainEvent } from '../../events/domain-event.js';
import type { EventRegistry } from '../../events/registry.js';
import { namesOfTypes } from '../../events/type-names.js';
import { turn } from '../../kernel/turn.js';
import { decodeAnyway, decodeEvent } from '../../store/decode.js';
import { type PageSource, pagesOf } from '../../store/read-pages.js';
import { positionIn, type ReadRange, rangeOf } from '../../store/read-range.js';
import type { EventReader, RawEvent, Store, TypedQuery } from '../../store/store.js';
import { typeFilter } from '../../store/typed-pages.js';
import type { ReadOptions } from '../options.js';

/**
 * Reads on over events whose `upcast` fails: they come as they were stored, and `upcastErrorOf` tells them apart. For
 * those who look at all events for other reasons than their payloads: one bad event must not hide the others.
 */
export const ANYWAY = Symbol('anyway');

/** What `engine.read` takes from Millrace itself. */
export interface OwnReadOptions extends ReadOptions {
  readonly [ANYWAY]?: true;
}

export interface CheckedReadOptions extends OwnReadOptions {
  /** Throws when the engine can no longer be read. */
  readonly check: () => void;
}

/** What reading needs of an engine. */
export interface ReadEngine {
  readonly run: string;
  readonly registry: EventRegistry;
  readonly store: Store;
  readonly tailOf: PageSource['tailOf'];
  readonly endOf: PageSource['endOf'];
}

/** An engine's log as a stream; what is not in the index yet is found in memory. @throws UnknownEventTypeError */
export function streamOf(engine: () => ReadEngine, options: CheckedReadOptions): EventStream {
  const { registry, run } = engine();
  const source: PageSource = {
    reader: () => {
      check(options);
      return engine().store.reader;
    },
    tailOf: (aggregateId, after) => engine().tailOf(aggregateId, after),
    endOf: (aggregateId) => engine().endOf(aggregateId),
  };
  return new EventStream(run, registry, options, source);
}

/**
 * Durable events page by page. Each page is one finished statement, so a slow consumer holds nothing open; the
 * event loop goes round between pages.
 *
 * An async generator takes three turns of the microtask queue to hand out a value; a page that is here already
 * is handed out in one, which is a tenth of the time that reading an event takes.
 */
export class EventStream implements AsyncGenerator<DomainEvent, void, undefined> {
  readonly #source: PageSource;
  readonly #range: ReadRange;
  readonly #run: string;
  readonly #options: CheckedReadOptions;
  readonly #wants: TypedQuery['wants'] | undefined;
  readonly #find: (name: string) => AnyEventType | undefined;
  readonly #pages: Generator<readonly RawEvent[], void, undefined>;
  #page: readonly RawEvent[] = [];
  #next = 0;
  /** Events that may still be given. */
  #left: number;
  #loading: Promise<unknown> | undefined;
  #hasBegun = false;
  #ended = false;

  /** @throws InvalidOptionError; UnknownEventTypeError when `types` names one that is not registered. */
  constructor(run: string, registry: EventRegistry, options: CheckedReadOptions, source: PageSource) {
    this.#source = source;
    this.#range = rangeOf('read', options);
    this.#left = this.#range.limit;
    this.#run = run;
    this.#options = options;
    this.#find = (name) => registry.find(name)?.definition;
    if (options.types !== undefined) {
      const types = new Set(
        namesOfTypes('read', options.types).map(([name = '']) => registry.get(name).type),
      );
      this.#wants = typeFilter(source.reader, (name) => types.has(this.#find(name)?.type ?? ''));
    }
    this.#pages = pagesOf(source, this.#range, this.#wants);
  }

  async next(): Promise<IteratorResult<DomainEvent, void>> {
    // Callers that do not wait for each other still get each event once, and in order.
    while (this.#loading) await this.#loading;
    while (!this.#ended) {
      const event = this.#take();
      if (event) return new Read(event);
      this.#loading = this.#load();
      try {
        await this.#loading;
      } finally {
        this.#loading = undefined;
      }
    }
    return { value: undefined, done: true };
  }

  async return(): Promise<IteratorResult<DomainEvent, void>> {
    this.#ended = true;
    this.#pages.return();
    return { value: undefined, done: true };
  }

  async throw(error: unknown): Promise<IteratorResult<DomainEvent, void>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #take(): DomainEvent | undefined {
    while (this.#next < this.#page.length) {
      const raw = this.#page[this.#next++] as RawEvent;
      const reader = this.#reader();
      const place = positionIn(this.#range, raw.position);
      if (place === 'beyond') this.#end();
      if (place !== 'within' || (this.#wants && !this.#wants(raw.type))) continue;
      if (--this.#left === 0) this.#end();
      return (this.#options[ANYWAY] ? decodeAnyway : decodeEvent)(reader, this.#run, raw, this.#find);
    }
    return undefined;
  }

  async #load(): Promise<void> {
    // The event loop goes round between pages.
    if (this.#hasBegun) await turn();
    this.#hasBegun = true;
    const { value, done } = this.#pages.next();
    this.#page = value ?? [];
    this.#next = 0;
    if (done) this.#ended = true;
  }

  /** Nothing behind the running event is given. */
  #end(): void {
    this.#next = this.#page.length;
    this.#ended = true;
  }

  #reader(): EventReader {
    try {
      return this.#source.reader();
    } catch (error) {
      this.#ended = true;
      throw error;
    }
  }
}

/** A class for the same reason as the rows that a reader gives: V8 never makes its instances in the old generation. */
class Read {
  readonly done = false;
  readonly value: DomainEvent;

  constructor(value: DomainEvent) {
    this.value = value;
  }
}

function check(options: CheckedReadOptions): void {
  options.signal?.throwIfAborted();
  options.check();
}
