import { readFileSync, writeFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import Database from 'better-sqlite3';
import { COLUMNS_BYTES, SegmentColumns } from '../../dist/src/store/segments/body.js';
import {
  openSegment,
  SEGMENT_COLUMNS,
  type SegmentRowValues,
  type StoredSegment,
  segmentChecksum,
  storedSegment,
  typeList,
} from '../../dist/src/store/segments/stored-segment.js';
import { tempStore } from './temp-folder.js';

/** An event of a segment, with everything that lies there of it. */
export interface SegmentEvent {
  readonly position: number;
  type: number;
  aggregate: number;
  version: number;
  occurredAt: number;
  /** 0: the aggregate. */
  key: number;
  causation: number;
  data: Buffer;
  metadata: Buffer;
  check: number;
}

const NUMBERS = ['type', 'aggregate', 'version', 'occurredAt', 'key', 'causation', 'check'] as const;

function segmentsOf(database: Database.Database): StoredSegment[] {
  const rows = database.prepare(`SELECT ${SEGMENT_COLUMNS} FROM segments ORDER BY first`).raw().all();
  return (rows as SegmentRowValues[]).map(storedSegment);
}

function eventsOf(segment: StoredSegment): SegmentEvent[] {
  const { first, count, body } = openSegment(segment);
  const columns = new SegmentColumns();
  let end = columns.read(body, count);
  return Array.from({ length: count }, (_, index) => {
    const start = end;
    const dataEnd = start + (columns.dataLength[index] as number);
    end = dataEnd + (columns.metadataLength[index] as number);
    const numbers = Object.fromEntries(NUMBERS.map((name) => [name, columns[name][index] as number]));
    const bytes = { data: body.subarray(start, dataEnd), metadata: body.subarray(dataEnd, end) };
    return { position: first + index, ...numbers, ...bytes } as SegmentEvent;
  });
}

/** A segment of events whose positions follow each other, as a writer would have written it. */
export function segmentOf(
  events: readonly SegmentEvent[],
  like: StoredSegment,
  before: number,
): StoredSegment {
  const columns = new SegmentColumns();
  events.forEach((event, index) => {
    for (const name of NUMBERS) columns[name][index] = event[name];
    columns.dataLength[index] = event.data.length;
    columns.metadataLength[index] = event.metadata.length;
  });
  const room = Buffer.alloc(COLUMNS_BYTES);
  const head = room.subarray(0, columns.write(room, 0, events.length));
  const body = Buffer.concat([head, ...events.flatMap(({ data, metadata }) => [data, metadata])]);
  const checks = Buffer.alloc(4 * events.length);
  events.forEach(({ check }, index) => {
    checks.writeUInt32LE(check, 4 * index);
  });
  return {
    ...like,
    first: events[0]?.position ?? 0,
    count: events.length,
    chain: crc32(checks, before),
    bytes: body.length,
    packed: 0,
    types: typeList(columns.type, events.length),
    body,
  };
}

/** Puts a segment into the place of the one that begins at its first position, with a right checksum. */
export function putSegment(database: Database.Database, segment: StoredSegment): void {
  const { first, count, names, shapes, chain, bytes, packed, types, body } = segment;
  database
    .prepare('INSERT OR REPLACE INTO segments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
    .run(first, count, names, shapes, chain, bytes, packed, segmentChecksum(segment), types, body);
}

/** Changes the events of a store that is open; those for which `change` returns false go. */
export function editEvents(
  database: Database.Database,
  change: (event: SegmentEvent, all: readonly SegmentEvent[]) => unknown,
): void {
  const stored = segmentsOf(database);
  const all = stored.flatMap(eventsOf);
  const kept = all.map((event) => change(event, all) !== false);
  database.exec('DELETE FROM segments');
  let at = 0;
  // What the first one is chained to.
  const run = database.prepare("SELECT value FROM meta WHERE key = 'run'").pluck().get();
  let chain = crc32(String(run));
  for (const segment of stored) {
    let stretch: SegmentEvent[] = [];
    const put = () => {
      if (stretch.length === 0) return;
      const made = segmentOf(stretch, segment, chain);
      putSegment(database, made);
      chain = made.chain;
      stretch = [];
    };
    for (const end = at + segment.count; at < end; at++) {
      if (kept[at]) stretch.push(all[at] as SegmentEvent);
      else put();
    }
    put();
  }
}

/** A copy of a store with its events changed, and every checksum that a segment has of itself as if so written. */
export function withEvents(store: string, change: Parameters<typeof editEvents>[1]): string {
  const copy = tempStore();
  writeFileSync(copy, readFileSync(store));
  const database = new Database(copy);
  try {
    editEvents(database, change);
  } finally {
    database.close();
  }
  return copy;
}

/** The same for the event at one position. */
export function withEvent(store: string, position: number, change: (event: SegmentEvent) => void): string {
  return withEvents(store, (event) => {
    if (event.position === position) change(event);
  });
}

/** Where each segment of a store begins and ends. */
export function segmentEnds(store: string): { readonly first: number; readonly last: number }[] {
  const database = new Database(store, { readonly: true });
  try {
    return segmentsOf(database).map(({ first, count }) => ({ first, last: first + count - 1 }));
  } finally {
    database.close();
  }
}
