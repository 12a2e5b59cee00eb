import type { Sqlite } from '../sqlite.js';
import {
  SEGMENT_COLUMNS,
  type SegmentRowValues,
  type StoredSegment,
  segmentChecksum,
  storedSegment,
} from './stored-segment.js';

// The statements about rows of `segments` that more than one reader or writer needs.

/** What the last segment says of the whole log, whether or not it is what was written. */
export interface LogNumbers {
  /** The last position; 0 for an empty log. */
  readonly position: number;
  readonly names: number;
  readonly shapes: number;
}

export function readLogNumbers(database: Sqlite): LogNumbers {
  const row = database
    .prepare('SELECT first + count - 1, names, shapes FROM segments ORDER BY first DESC LIMIT 1')
    .raw()
    .get() as readonly unknown[] | undefined;
  const [position = 0, names = 0, shapes = 0] = (row ?? []).map(Number);
  return { position, names, shapes };
}

/** The last segment of a log; undefined for an empty one. @throws StoreCorruptError */
export function readLastSegment(database: Sqlite): StoredSegment | undefined {
  const row = rowFinder(database)(Number.MAX_SAFE_INTEGER);
  return row && storedSegment(row);
}

/** Finds the row that holds a position if any does: the last one that begins at or before it. */
export function rowFinder(database: Sqlite): (position: number) => SegmentRowValues | undefined {
  const statement = database
    .prepare(`SELECT ${SEGMENT_COLUMNS} FROM segments WHERE first <= ? ORDER BY first DESC LIMIT 1`)
    .raw();
  return (position) => statement.get(position) as SegmentRowValues | undefined;
}

/** Adds segments, inside the caller's transaction. */
export function segmentPutter(database: Sqlite): (segment: StoredSegment) => void {
  const statement = database.prepare('INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  return (segment) => {
    const { first, count, names, shapes, chain, bytes, packed, types, body } = segment;
    const checksum = segmentChecksum(segment);
    statement.run(first, count, names, shapes, chain, bytes, packed, checksum, types, body);
  };
}
