import { type EventMetadata, eventId, readMetadata } from '../../events/domain-event.js';
import { storedType, unpackData, unpackMetadata } from '../decode.js';
import { SegmentRow } from '../segments/segment-row.js';
import type { EventReader, RawEvent } from '../store.js';
import { plainJson } from './plain-json.js';

/** An event of the log as one flat row, which SQL, exports and imports have in common. */
export interface EventRecord {
  readonly position: number;
  readonly type: string;
  /** Version of the type's schema when the event was stored. */
  readonly typeVersion: number;
  readonly aggregateId: string;
  readonly version: number;
  /** Unix epoch milliseconds. */
  readonly occurredAt: number;
  readonly id: string;
  readonly key: string;
  /** Position of the event whose handler emitted this one; 0 for one that was published. */
  readonly causedBy: number;
  readonly data: unknown;
  readonly metadata: EventMetadata;
  /** Bytes of payload and metadata as they lie in the store. */
  readonly size: number;
}

/** The columns of such a row, in their order, wherever rows are shown. */
export const EVENT_COLUMNS = [
  'position',
  'type',
  'type_version',
  'aggregate_id',
  'version',
  'timestamp',
  'occurred_at',
  'event_id',
  'key',
  'caused_by',
  'correlation_id',
  'causation_id',
  'data',
  'metadata',
] as const;

export type EventColumn = (typeof EVENT_COLUMNS)[number];

/** The columns that are asked for: what takes time and nobody looks at is not made. */
export type Wanted = ReadonlySet<EventColumn>;

export const ALL_COLUMNS: Wanted = new Set(EVENT_COLUMNS);

function wantsMetadata(wanted: Wanted): boolean {
  return wanted.has('metadata') || wanted.has('correlation_id') || wanted.has('causation_id');
}

/** @throws StoreCorruptError */
export function eventRecord(
  reader: EventReader,
  run: string,
  raw: RawEvent,
  wanted: Wanted = ALL_COLUMNS,
): EventRecord {
  const { name, version: typeVersion } = storedType(reader, raw);
  const aggregateId = reader.nameOf(raw.aggregate);
  const id = eventId(run, aggregateId, raw.version);
  return {
    position: raw.position,
    type: name,
    typeVersion,
    aggregateId,
    version: raw.version,
    occurredAt: raw.occurredAt,
    id,
    key: raw.partitionKey === undefined ? aggregateId : reader.nameOf(raw.partitionKey),
    causedBy: raw.causation,
    data: wanted.has('data') ? unpackData(reader, raw) : undefined,
    metadata: readMetadata(wantsMetadata(wanted) ? unpackMetadata(reader, raw) : undefined, id),
    size: raw instanceof SegmentRow ? raw.size : raw.data.length + (raw.metadata?.length ?? 0),
  };
}

/** What a cell may be. */
export type Cell = string | number | null;

/** The cells of a row by `EVENT_COLUMNS`: payload and metadata as JSON text. */
export function eventCells(record: EventRecord, wanted: Wanted = ALL_COLUMNS): Cell[] {
  const metadata = wantsMetadata(wanted) ? record.metadata : undefined;
  return [
    record.position,
    record.type,
    record.typeVersion,
    record.aggregateId,
    record.version,
    wanted.has('timestamp') ? isoTime(record.occurredAt) : null,
    record.occurredAt,
    record.id,
    record.key,
    record.causedBy === 0 ? null : record.causedBy,
    metadata?.correlationId ?? null,
    metadata?.causationId ?? null,
    wanted.has('data') ? plainJson(record.data) : null,
    metadata && wanted.has('metadata') ? plainJson(metadata) : null,
  ];
}

/** A time as ISO text in UTC; null for one that no Date can hold. */
export function isoTime(time: number): string | null {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
