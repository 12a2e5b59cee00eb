import type { DomainEvent } from '../events/domain-event.js';
import { InvalidOptionError } from '../events/errors.js';
import type { EventRegistry } from '../events/registry.js';
import { READ_PAGE } from '../limits.js';
import { decodeEvent, storedType } from '../store/decode.js';
import type { RawEvent, Store } from '../store/store.js';
import type { ReadOptions } from './options.js';
import { turn } from './turn.js';

export interface CheckedReadOptions extends ReadOptions {
  /** Throws when the engine can no longer be read. */
  readonly check: () => void;
}

/** An aggregate's positions after a position, if they are known in memory. */
export type TailOf = (aggregateId: string, after: number) => readonly number[] | undefined;

/**
 * Durable events page by page. Each page is one finished statement, so a slow consumer holds nothing open; the
 * event loop goes round between pages.
 */
export async function* readEvents(
  store: Store,
  run: string,
  registry: EventRegistry,
  options: CheckedReadOptions,
  tailOf: TailOf,
): AsyncGenerator<DomainEvent, void, undefined> {
  check(options);
  const { reader } = store;
  const types = options.types && new Set(options.types.map((name) => registry.get(name).type));
  const find = (name: string) => registry.find(name)?.definition;
  for await (const page of pages(store, options, tailOf)) {
    for (const raw of page) {
      check(options);
      if (types && !types.has(find(storedType(reader, raw).name)?.type ?? '')) continue;
      yield decodeEvent(reader, run, raw, find);
    }
  }
}

async function* pages(
  { reader }: Store,
  options: CheckedReadOptions,
  tailOf: TailOf,
): AsyncGenerator<readonly RawEvent[]> {
  const { aggregateId, fromVersion = 1, fromPosition = 1 } = options;
  check(options);
  let from = whole('from', aggregateId === undefined ? fromPosition : fromVersion);
  const aggregate = aggregateId === undefined ? undefined : reader.findName(aggregateId)?.id;
  if (aggregateId !== undefined && aggregate === undefined) return;
  const tail = (after: number) => tailOf(aggregateId ?? '', after);
  while (true) {
    check(options);
    const page =
      aggregate === undefined
        ? reader.page({ from, limit: READ_PAGE })
        : reader.page({ aggregate, from, limit: READ_PAGE, tail });
    const last = page.at(-1);
    if (!last) return;
    yield page;
    if (page.length < READ_PAGE) return;
    from = (aggregate === undefined ? last.position : last.version) + 1;
    await turn();
  }
}

function whole(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidOptionError(`read: ${name} is ${value}; it must be a whole number from 1.`);
}

function check(options: CheckedReadOptions): void {
  options.signal?.throwIfAborted();
  options.check();
}
