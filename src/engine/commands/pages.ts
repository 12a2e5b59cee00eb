import { encodeError } from '../../kernel/error-codec.js';
import type { CommandOutcome, PageOrder, RawEvents } from '../../lanes/aggregates/protocol.js';
import { READ_PAGE } from '../../limits.js';
import { mayHaveMore } from '../../store/decode.js';
import type { PageSource } from '../../store/read-pages.js';
import type { StoredSnapshot } from '../../store/snapshot.js';
import type { EventReader, RawEvent, Store } from '../../store/store.js';
import type { Directory } from '../sequence/directory.js';
import { joined } from './joined.js';
import type { Snapshots } from './snapshots.js';

/** What reading an aggregate's events for a lane needs. */
export interface PageParts {
  readonly store: Store;
  readonly directory: Directory;
  readonly hub: { readonly lastDurable: number; flushed(): Promise<void> };
  readonly tailOf: PageSource['tailOf'];
  readonly snapshots: Snapshots;
}

/** The events that a lane has asked for, one page of them: the lane asks again for the next one. Never rejects. */
export async function pageFor(
  parts: PageParts,
  wanted: CommandOutcome & { readonly kind: 'wanted' },
): Promise<PageOrder> {
  const { number, id } = wanted;
  const { store, directory, hub } = parts;
  try {
    // What is not durable cannot be read yet, and it is what the lane must know.
    if (directory.positionOf(id) > hub.lastDurable) await hub.flushed();
    const { reader } = store;
    const aggregate = directory.idOf(id);
    const { events: page, snapshot } = aggregate === undefined ? NOTHING : read(parts, aggregate, wanted);
    const from = snapshot ? snapshot.version + 1 : wanted.from;
    const hasMore = page.length > 0 && mayHaveMore(page);
    const events = inColumns(reader, from, snapshot ? page.slice(1) : page);
    return { kind: 'page', number, page: { kind: 'events', events, hasMore, ...(snapshot && { snapshot }) } };
  } catch (error) {
    return { kind: 'page', number, page: { kind: 'failed', error: encodeError(error) } };
  }
}

interface Found {
  readonly events: readonly RawEvent[];
  readonly snapshot?: StoredSnapshot;
}

const NOTHING: Found = { events: [] };

/** A page of events, or a snapshot and the events from its own one on: that shows that it is of this log's event. */
function read(
  { store, snapshots, tailOf }: PageParts,
  aggregate: number,
  { id, from, snapshot: wish }: CommandOutcome & { readonly kind: 'wanted' },
): Found {
  const pageFrom = (first: number) =>
    store.reader.page({ aggregate, from: first, limit: READ_PAGE, tail: (after) => tailOf(id, after) });
  const snapshot = wish && snapshots.find(aggregate, id, wish);
  if (!snapshot) return { events: pageFrom(from) };
  const events = pageFrom(snapshot.version);
  const [own] = events;
  if (own?.version === snapshot.version && own.position === snapshot.position) return { events, snapshot };
  snapshots.isForeign(wish.type, id, snapshot);
  return { events: pageFrom(from) };
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
