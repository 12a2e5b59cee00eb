import type { AnyEventType } from '../../events/define-event.js';
import type { DomainEvent } from '../../events/domain-event.js';
import type { EventRegistry } from '../../events/registry.js';
import { namesOfTypes } from '../../events/type-names.js';
import { InvalidOptionError } from '../../kernel/errors.js';
import { shown } from '../../kernel/thrown.js';
import { turn } from '../../kernel/turn.js';
import { READ_PAGE } from '../../limits.js';
import { decodeAnyway, decodeEvent, mayHaveMore, storedType } from '../../store/decode.js';
import type { RawEvent, Store } from '../../store/store.js';
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
  readonly #types: ReadonlySet<string> | undefined;
  readonly #find: (name: string) => AnyEventType | undefined;
  readonly #pages: AsyncGenerator<readonly RawEvent[], void, undefined>;
  #page: readonly RawEvent[] = [];
  #next = 0;
  #loading: Promise<unknown> | undefined;
  #ended = false;

  /** @throws InvalidOptionError; UnknownEventTypeError when `types` names one that is not registered. */
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
    this.#types =
      options.types === undefined
        ? undefined
        : new Set(namesOfTypes('read', options.types).map(([name = '']) => registry.get(name).type));
    this.#pages = pages(store, options, tailOf);
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
      if (this.#types && !this.#types.has(this.#find(storedType(reader, raw).name)?.type ?? '')) continue;
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
  tailOf: TailOf,
): AsyncGenerator<readonly RawEvent[], void, undefined> {
  const { aggregateId, fromVersion = 1, fromPosition = 1 } = options;
  check(options);
  let from = whole('from', aggregateId === undefined ? fromPosition : fromVersion);
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

function whole(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidOptionError(`read: ${name} is ${shown(value)}; it must be a whole number from 1.`);
}

function check(options: CheckedReadOptions): void {
  options.signal?.throwIfAborted();
  options.check();
}
