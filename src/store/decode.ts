import type { Fingerprint } from '../events/canonical.js';
import type { AnyEventType } from '../events/define-event.js';
import { StoredEvent, type StoredMetadata } from '../events/domain-event.js';
import type { StoredType } from '../events/registry.js';
import { currentData } from '../events/upcast.js';
import { StoreCorruptError, UpcastError } from '../kernel/errors.js';
import { MAX_PAYLOAD_BYTES, READ_PAGE } from '../limits.js';
import { READ_PAGE_BYTES } from './limits.js';
import { SegmentRow } from './segments/segment-row.js';
import type { EventReader, RawEvent } from './store.js';
import { typeOf } from './typed-pages.js';

/** Finds an event type's definition by a stored name; tools that know no schemas find none. */
export type FindDefinition = (name: string) => AnyEventType | undefined;

/**
 * Makes an event of its numbers and bytes, in its type's current form if the definition is known.
 *
 * @throws UpcastError when it has no current form; StoreCorruptError.
 */
export function decodeEvent(
  reader: EventReader,
  run: string,
  raw: RawEvent,
  find?: FindDefinition,
): StoredEvent {
  const stored = storedType(reader, raw);
  const definition = find?.(stored.name);
  const data = currentData(definition, stored, unpackData(reader, raw), raw.position);
  return eventOf(reader, run, raw, definition?.type ?? stored.name, data);
}

/** Why an event that `decodeAnyway` made is not in its type's current form. */
const withoutForm = new WeakMap<object, UpcastError>();

/** As `decodeEvent`, but an event without a current form comes as it was stored, and `upcastErrorOf` says so. */
export function decodeAnyway(
  reader: EventReader,
  run: string,
  raw: RawEvent,
  find: FindDefinition,
): StoredEvent {
  try {
    return decodeEvent(reader, run, raw, find);
  } catch (error) {
    if (!(error instanceof UpcastError)) throw error;
    const { name } = storedType(reader, raw);
    const event = eventOf(reader, run, raw, find(name)?.type ?? name, unpackData(reader, raw));
    withoutForm.set(event, error);
    return event;
  }
}

/** Why an event has no current form; undefined when it has one. */
export function upcastErrorOf(event: object): UpcastError | undefined {
  return withoutForm.get(event);
}

function eventOf(reader: EventReader, run: string, raw: RawEvent, type: string, data: unknown): StoredEvent {
  const aggregateId = reader.nameOf(raw.aggregate);
  return new StoredEvent(
    run,
    type,
    aggregateId,
    raw.partitionKey === undefined ? aggregateId : reader.nameOf(raw.partitionKey),
    raw.version,
    raw.position,
    raw.occurredAt,
    data,
    unpackMetadata(reader, raw),
  );
}

/** @throws StoreCorruptError when the bytes are no value. */
export function unpackData({ codec }: EventReader, raw: RawEvent): unknown {
  try {
    return raw instanceof SegmentRow ? raw.unpackData(codec) : codec.unpack(raw.data);
  } catch (cause) {
    throw undecodable(raw, cause);
  }
}

/** @throws StoreCorruptError when the bytes are no value. */
export function unpackMetadata({ codec }: EventReader, raw: RawEvent): StoredMetadata | undefined {
  try {
    if (raw instanceof SegmentRow) return raw.unpackMetadata(codec) as StoredMetadata | undefined;
    return raw.metadata && (codec.unpack(raw.metadata) as StoredMetadata);
  } catch (cause) {
    throw undecodable(raw, cause);
  }
}

function undecodable({ position }: RawEvent, cause: unknown): StoreCorruptError {
  return new StoreCorruptError(
    `The store is damaged: the event at position ${position} cannot be decoded. Restore it from a backup.`,
    { cause, details: { position } },
  );
}

/** The ordering key of a stored event. */
export function partitionKeyOf(reader: EventReader, raw: RawEvent): string {
  return reader.nameOf(raw.partitionKey ?? raw.aggregate);
}

/** @throws StoreCorruptError when the log does not have its type. */
export function storedType(reader: EventReader, raw: RawEvent): StoredType {
  const type = typeOf(reader, raw.type);
  if (type) return type;
  throw new StoreCorruptError(`The event at position ${raw.position} has the unknown type ${raw.type}.`);
}

/** Whether there may be events after a page: it is full, or ended because the next event was too long for it. */
export function mayHaveMore(page: readonly RawEvent[]): boolean {
  if (page.length === READ_PAGE) return true;
  const bytes = page.reduce((sum, { data, metadata }) => sum + data.length + (metadata?.length ?? 0), 0);
  return bytes > READ_PAGE_BYTES - MAX_PAYLOAD_BYTES;
}

/** All events of the log from a position on, page by page. @throws StoreCorruptError when they are out of order. */
export function* pagesFrom(reader: EventReader, from: number): Generator<readonly RawEvent[]> {
  let position = from;
  while (true) {
    const page = reader.page({ from: position, limit: READ_PAGE });
    const last = page.at(-1);
    if (!last) return;
    if (last.position < position) {
      throw new StoreCorruptError(`Position ${last.position} comes after ${position} in the log.`);
    }
    yield page;
    position = last.position + 1;
  }
}

/** The events of the log up to a position, page by page: what came later is not waited for. @throws as `pagesFrom`. */
export function* pagesUpTo(reader: EventReader, to: number): Generator<readonly RawEvent[]> {
  for (const page of pagesFrom(reader, 1)) {
    const later = page.findIndex(({ position }) => position > to);
    yield later < 0 ? page : page.slice(0, later);
    if (later >= 0 || page.at(-1)?.position === to) return;
  }
}

/** Adds a page of events to a fingerprint. */
export function addToFingerprint(
  fingerprint: Fingerprint,
  reader: EventReader,
  page: readonly RawEvent[],
): void {
  for (const raw of page) {
    const { name, volatile } = storedType(reader, raw);
    fingerprint.add(
      {
        partitionKey: partitionKeyOf(reader, raw),
        type: name,
        aggregateId: reader.nameOf(raw.aggregate),
        version: raw.version,
        occurredAt: raw.occurredAt,
        data: unpackData(reader, raw),
      },
      volatile,
    );
  }
}
