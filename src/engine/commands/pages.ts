import { encodeError } from '../../kernel/error-codec.js';
import type { CommandOutcome, PageOrder, RawEvents } from '../../lanes/aggregates/protocol.js';
import { READ_PAGE } from '../../limits.js';
import { mayHaveMore } from '../../store/decode.js';
import type { PageSource } from '../../store/read-pages.js';
import type { EventReader, RawEvent, Store } from '../../store/store.js';
import type { Directory } from '../sequence/directory.js';
import { joined } from './joined.js';

/** What reading an aggregate's events for a lane needs. */
export interface PageParts {
  readonly store: Store;
  readonly directory: Directory;
  readonly hub: { readonly lastDurable: number; flushed(): Promise<void> };
  readonly tailOf: PageSource['tailOf'];
}

/** The events that a lane has asked for, one page of them: the lane asks again for the next one. Never rejects. */
export async function pageFor(
  parts: PageParts,
  { number, id, from }: CommandOutcome & { readonly kind: 'wanted' },
): Promise<PageOrder> {
  const { store, directory, hub, tailOf } = parts;
  try {
    // What is not durable cannot be read yet, and it is what the lane must know.
    if (directory.positionOf(id) > hub.lastDurable) await hub.flushed();
    const { reader } = store;
    const aggregate = reader.findName(id)?.id;
    const page =
      aggregate === undefined
        ? []
        : reader.page({ aggregate, from, limit: READ_PAGE, tail: (after) => tailOf(id, after) });
    const hasMore = page.length > 0 && mayHaveMore(page);
    return { kind: 'page', number, page: { kind: 'events', events: inColumns(reader, from, page), hasMore } };
  } catch (error) {
    return { kind: 'page', number, page: { kind: 'failed', error: encodeError(error) } };
  }
}

function inColumns(reader: EventReader, from: number, page: readonly RawEvent[]): RawEvents {
  const ends = new Uint32Array(2 * page.length);
  const parts: Buffer[] = [];
  let end = 0;
  page.forEach(({ data, metadata }, index) => {
    parts.push(data);
    end += data.length;
    ends[2 * index] = end;
    if (metadata) parts.push(metadata);
    end += metadata?.length ?? 0;
    ends[2 * index + 1] = end;
  });
  const hasKeys = page.some(({ partitionKey }) => partitionKey !== undefined);
  return {
    firstVersion: page[0]?.version ?? from,
    types: Uint32Array.from(page, ({ type }) => type),
    positions: Float64Array.from(page, ({ position }) => position),
    times: Float64Array.from(page, ({ occurredAt }) => occurredAt),
    ends,
    bytes: joined(parts, end),
    ...(hasKeys && { keys: page.map((raw) => reader.nameOf(raw.partitionKey ?? raw.aggregate)) }),
  };
}
