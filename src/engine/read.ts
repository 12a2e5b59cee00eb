import type { DomainEvent } from '../events/domain-event.js';
import { InvalidOptionError } from '../events/errors.js';
import type { EventRegistry } from '../events/registry.js';
import { READ_PAGE } from '../limits.js';
import { decodeEvent, storedType } from '../store/decode.js';
import type { RawEvent, Store } from '../store/store.js';
import type { ReadOptions } from './options.js';
import { turn } from './turn.js';

/**
 * Durable events page by page. Each page is one finished statement, so a slow consumer holds nothing open; the
 * event loop goes round between pages.
 */
export async function* readEvents(
  store: Store,
  run: string,
  registry: EventRegistry,
  options: ReadOptions,
): AsyncGenerator<DomainEvent, void, undefined> {
  const { reader } = store;
  const types = options.types && new Set(options.types.map((name) => registry.get(name).type));
  const find = (name: string) => registry.find(name)?.definition;
  for await (const page of pages(store, options)) {
    for (const raw of page) {
      options.signal?.throwIfAborted();
      if (types && !types.has(find(storedType(reader, raw).name)?.type ?? '')) continue;
      yield decodeEvent(reader, run, raw, find);
    }
  }
}

async function* pages({ reader }: Store, options: ReadOptions): AsyncGenerator<readonly RawEvent[]> {
  const { aggregateId, fromVersion = 1, fromPosition = 1 } = options;
  let from = whole('from', aggregateId === undefined ? fromPosition : fromVersion);
  const aggregate = aggregateId === undefined ? undefined : reader.findName(aggregateId)?.id;
  if (aggregateId !== undefined && aggregate === undefined) return;
  while (true) {
    options.signal?.throwIfAborted();
    const page = reader.page({ from, limit: READ_PAGE, ...(aggregate !== undefined && { aggregate }) });
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
