import type { AnyEventType } from '../../events/define-event.js';
import type { DomainEvent } from '../../events/domain-event.js';
import type { EventRegistry } from '../../events/registry.js';
import { namesOfTypes } from '../../events/type-names.js';
import { turn } from '../../kernel/turn.js';
import { READ_PAGE } from '../../limits.js';
import { decodeAnyway, decodeEvent, mayHaveMore } from '../../store/decode.js';
import { type ReadStart, readStart } from '../../store/read-start.js';
import type { RawEvent, Store, TypedQuery } from '../../store/store.js';
import { typedPage, typeFilter } from '../../store/typed-pages.js';
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

/** An aggregate's positions after a position, if they are known in memory. */
export type TailOf = (aggregateId: string, after: number) => readonly number[] | undefined;

/** What reading needs of an engine. */
export interface ReadEngine {
  readonly run: string;
  readonly registry: EventRegistry;
  readonly store: Store;
  readonly tailOf: TailOf;
}

/** An engine's log as a stream; what is not in the index yet is found in memory. @throws UnknownEventTypeError */
export function streamOf(engine: () => ReadEngine, options: CheckedReadOptions): EventStream {
  const { registry, run } = engine();
  const tailOf: TailOf = (aggregateId, after) => engine().tailOf(aggregateId, after);
  return new EventStream(() => engine().store, run, registry, options, tailOf);
}

/**
 * Durable events page by page. Each page is one finished statement, so a slow consumer holds nothing open; the
 * event loop goes round between pages.
 *
 * An async generator takes three turns of the microtask queue to hand out a value; a page that is here already
 * is handed out in one, which is a tenth of the time that reading an event takes.
 */
export class EventStream implements AsyncGenerator<DomainEvent, void, undefined> {
  /** Asked anew for each page: `recover` opens another one. */
  readonly #store: () => Store;
  readonly #run: string;
  readonly #options: CheckedReadOptions;
  readonly #wants: TypedQuery['wants'] | undefined;
  readonly #find: (name: string) => AnyEventType | undefined;
  readonly #pages: AsyncGenerator<readonly RawEvent[], void, undefined>;
  #page: readonly RawEvent[] = [];
  #next = 0;
  #loading: Promise<unknown> | undefined;
  #ended = false;

  /** @throws InvalidOptionError when `readStart` does; UnknownEventTypeError when `types` names one that is not registered. */
  constructor(
    store: () => Store,
    run: string,
    registry: EventRegistry,
    options: CheckedReadOptions,
    tailOf: TailOf,
  ) {
    this.#store = store;
    this.#run = run;
    this.#options = options;
    this.#find = (name) => registry.find(name)?.definition;
    if (options.types !== undefined) {
      const types = new Set(
        namesOfTypes('read', options.types).map(([name = '']) => registry.get(name).type),
      );
      this.#wants = typeFilter(
        () => store().reader,
        (name) => types.has(this.#find(name)?.type ?? ''),
      );
    }
    const start = readStart(options);
    this.#pages =
      start.aggregateId === undefined && this.#wants
        ? typedPages(store, options, start.from, this.#wants)
        : pages(store, options, start, tailOf);
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
    await this.#pages.return();
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
      this.#check();
      const { reader } = this.#store();
      if (this.#wants && !this.#wants(raw.type)) continue;
      return (this.#options[ANYWAY] ? decodeAnyway : decodeEvent)(reader, this.#run, raw, this.#find);
    }
    return undefined;
  }

  async #load(): Promise<void> {
    const { value, done } = await this.#pages.next();
    this.#page = value ?? [];
    this.#next = 0;
    if (done) this.#ended = true;
  }

  #check(): void {
    try {
      check(this.#options);
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

async function* pages(
  store: () => Store,
  options: CheckedReadOptions,
  { aggregateId, from: start }: ReadStart,
  tailOf: TailOf,
): AsyncGenerator<readonly RawEvent[], void, undefined> {
  check(options);
  let from = start;
  const aggregate = aggregateId === undefined ? undefined : store().reader.findName(aggregateId)?.id;
  if (aggregateId !== undefined && aggregate === undefined) return;
  const tail = (after: number) => tailOf(aggregateId ?? '', after);
  while (true) {
    check(options);
    const { reader } = store();
    const page =
      aggregate === undefined
        ? reader.page({ from, limit: READ_PAGE })
        : reader.page({ aggregate, from, limit: READ_PAGE, tail });
    const last = page.at(-1);
    if (!last) return;
    yield page;
    if (!mayHaveMore(page)) return;
    from = (aggregate === undefined ? last.position : last.version) + 1;
    await turn();
  }
}

async function* typedPages(
  store: () => Store,
  options: CheckedReadOptions,
  start: number,
  wants: TypedQuery['wants'],
): AsyncGenerator<readonly RawEvent[], void, undefined> {
  for (let from = start; ; ) {
    check(options);
    const { events, next } = typedPage(store().reader, { from, limit: READ_PAGE, wants });
    if (events.length > 0) yield events;
    if (next === from) return;
    from = next;
    await turn();
  }
}

function check(options: CheckedReadOptions): void {
  options.signal?.throwIfAborted();
  options.check();
}
