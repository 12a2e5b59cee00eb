import type { Statement } from 'better-sqlite3';
import type { Sqlite } from '../sqlite.js';
import type { TypedPage, TypedQuery } from '../store.js';
import { BodyReader, type OpenSegment } from './body.js';
import { KEPT_BYTES, KEPT_SEGMENTS, TYPED_PAGE_EVENTS } from './limits.js';
import type { SegmentRow } from './segment-row.js';
import { rowFinder } from './segment-table.js';
import {
  damaged,
  mayHave,
  openSegment,
  SEGMENT_COLUMNS,
  type SegmentRowValues,
  type StoredSegment,
  storedSegment,
} from './stored-segment.js';

/** Reads events out of their segments. Inside the caller's transaction. */
export class SegmentReader {
  readonly #from: Statement;
  readonly #rowAt: (position: number) => SegmentRowValues | undefined;
  readonly #body = new BodyReader();
  /** Segments that were read lately, by their first position. What one says never changes, however they are packed. */
  readonly #kept = new Map<number, OpenSegment>();
  #keptBytes = 0;
  #last: OpenSegment | undefined;

  constructor(database: Sqlite) {
    this.#from = database
      .prepare(
        `SELECT ${SEGMENT_COLUMNS} FROM segments
         WHERE first >= coalesce((SELECT max(first) FROM segments WHERE first <= ?), 1) ORDER BY first`,
      )
      .raw();
    this.#rowAt = rowFinder(database);
  }

  /**
   * The events from a position on: at most `limit`, and fewer when they have more than so many bytes.
   *
   * @throws StoreCorruptError, also when there is a gap.
   */
  page(from: number, limit: number, bytes: number): SegmentRow[] {
    const events: SegmentRow[] = [];
    let left = bytes;
    const take = (segment: OpenSegment): boolean => {
      this.#body.open(segment);
      const begin = from + events.length - segment.first;
      for (let index = begin; index < segment.count && events.length < limit; index++) {
        const event = this.#body.event(index);
        left -= event.size;
        if (left < 0 && events.length > 0) return false;
        events.push(event);
      }
      return events.length < limit;
    };
    const known = this.#keptAt(from);
    if (known && !take(known)) return events;
    for (const segment of this.segments(from + events.length)) if (!take(segment)) break;
    return events;
  }

  /** As `page`, of some types: segments that have none of them are not decompressed. */
  typedPage({ from, limit, wants }: TypedQuery, bytes: number): TypedPage {
    const events: SegmentRow[] = [];
    let next = from;
    let left = bytes;
    const take = (segment: OpenSegment): boolean => {
      this.#body.open(segment);
      const { type: types } = this.#body.columns;
      let last = -1;
      let isWanted = false;
      for (let index = next - segment.first; index < segment.count; index++, next++) {
        const type = types[index] as number;
        if (type !== last) {
          last = type;
          isWanted = wants(type);
        }
        if (!isWanted) continue;
        if (events.length === limit) return false;
        const event = this.#body.event(index);
        left -= event.size;
        if (left < 0 && events.length > 0) return false;
        events.push(event);
      }
      return events.length < limit && next - from < TYPED_PAGE_EVENTS;
    };
    const known = this.#keptAt(from);
    if (known && !take(known)) return { events, next };
    for (const stored of this.#stored(next)) {
      if (mayHave(stored, wants)) {
        if (!take(this.#keep(openSegment(stored)))) break;
        continue;
      }
      next = stored.first + stored.count;
      if (next - from >= TYPED_PAGE_EVENTS) break;
    }
    return { events, next };
  }

  /** The segments from the one that holds a position on, each beginning where the one before ends. @throws StoreCorruptError */
  *segments(from: number): Generator<OpenSegment> {
    for (const stored of this.#stored(from)) yield this.#keep(openSegment(stored));
  }

  /** The same, as they lie in the file, once their checksums were compared. */
  *#stored(from: number): Generator<StoredSegment> {
    let next = from;
    for (const row of this.#from.iterate(from) as IterableIterator<SegmentRowValues>) {
      const segment = storedSegment(row);
      const end = segment.first + segment.count;
      // The log ends before the position.
      if (end <= next && next === from) continue;
      if (segment.first > next || end <= next) throw damaged(next, 'is missing');
      yield segment;
      next = end;
    }
  }

  /** The event at a position; undefined when the log ends before it. @throws StoreCorruptError */
  event(position: number): SegmentRow | undefined {
    const segment = this.#holding(position);
    if (!segment) return undefined;
    this.#body.open(segment);
    return this.#body.event(position - segment.first);
  }

  /** Positions of an aggregate's events from a position on, in order. @throws StoreCorruptError */
  positionsOf(aggregate: number, from: number): number[] {
    const positions: number[] = [];
    for (const segment of this.segments(from)) {
      this.#body.open(segment);
      const { aggregate: aggregates } = this.#body.columns;
      for (let index = Math.max(0, from - segment.first); index < segment.count; index++) {
        if (aggregates[index] === aggregate) positions.push(segment.first + index);
      }
    }
    return positions;
  }

  /** Calls back with the columns of each segment from a position on. @throws StoreCorruptError */
  columns(from: number, take: (segment: OpenSegment, columns: BodyReader['columns']) => void): void {
    for (const segment of this.segments(from)) {
      this.#body.open(segment);
      take(segment, this.#body.columns);
    }
  }

  #holding(position: number): OpenSegment | undefined {
    const known = this.#keptAt(position);
    if (known) return known;
    const row = this.#rowAt(position);
    const segment = row && openSegment(storedSegment(row));
    if (holds(segment, position)) return this.#keep(segment);
    // Either the log ends before it, or there is a gap.
    for (const next of this.segments(position)) return next;
    return undefined;
  }

  #keptAt(position: number): OpenSegment | undefined {
    if (holds(this.#last, position)) return this.#last;
    for (const segment of this.#kept.values()) {
      if (!holds(segment, position)) continue;
      this.#last = segment;
      return segment;
    }
    return undefined;
  }

  #keep(segment: OpenSegment): OpenSegment {
    this.#last = segment;
    const before = this.#kept.get(segment.first);
    if (before) this.#keptBytes -= before.body.length;
    this.#kept.delete(segment.first);
    this.#kept.set(segment.first, segment);
    this.#keptBytes += segment.body.length;
    for (const [first, { body }] of this.#kept) {
      if (this.#kept.size <= KEPT_SEGMENTS && this.#keptBytes <= KEPT_BYTES) break;
      this.#kept.delete(first);
      this.#keptBytes -= body.length;
    }
    return segment;
  }
}

function holds(segment: OpenSegment | undefined, position: number): segment is OpenSegment {
  return segment !== undefined && position >= segment.first && position < segment.first + segment.count;
}
