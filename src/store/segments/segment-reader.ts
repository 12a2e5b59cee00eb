import type { Statement } from 'better-sqlite3';
import type { Sqlite } from '../sqlite.js';
import type { TypedPage, TypedQuery } from '../store.js';
import { BodyReader, eventOf, type OpenSegment } from './body.js';
import { holds, KeptSegments } from './kept-segments.js';
import { ROWS_ALONE, TYPED_PAGE_EVENTS } from './limits.js';
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

/** Positions of an aggregate that were looked for, from behind one up to another. */
interface Tail {
  readonly aggregate: number;
  readonly after: number;
  end: number;
  readonly positions: number[];
}

/** Reads events out of their segments. Inside the caller's transaction. */
export class SegmentReader {
  readonly #from: Statement;
  readonly #rowAt: (position: number) => SegmentRowValues | undefined;
  readonly #body = new BodyReader();
  readonly #kept = new KeptSegments();
  #tail: Tail | undefined;

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
    const known = this.#kept.at(from);
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
    const known = this.#kept.at(from);
    if (known && !take(known)) return { events, next };
    for (const stored of this.#stored(next)) {
      if (mayHave(stored, wants)) {
        if (!take(this.#kept.pass(openSegment(stored)))) break;
        continue;
      }
      next = stored.first + stored.count;
      if (next - from >= TYPED_PAGE_EVENTS) break;
    }
    return { events, next };
  }

  /** The segments from the one that holds a position on, each beginning where the one before ends. @throws StoreCorruptError */
  *segments(from: number): Generator<OpenSegment> {
    let isFirst = true;
    for (const stored of this.#stored(from)) {
      const segment = openSegment(stored);
      // What is read backwards begins in it once more.
      yield isFirst ? this.#kept.keep(segment) : this.#kept.pass(segment);
      isFirst = false;
    }
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

  /**
   * The events at some positions, in their order; those of one segment that follow each other come of opening it once.
   * It ends where the log ends.
   *
   * @throws StoreCorruptError
   */
  *events(positions: ArrayLike<number>): Generator<SegmentRow> {
    let next = 0;
    while (next < positions.length) {
      const segment = this.#holding(positions[next] as number);
      if (!segment) return;
      let end = next + 1;
      while (end < positions.length && holds(segment, positions[end] as number)) end++;
      const isWhole = end - next > ROWS_ALONE || this.#body.isOpen(segment);
      for (; next < end; next++) {
        const index = (positions[next] as number) - segment.first;
        // Between two events the caller may have looked into another segment.
        if (isWhole) this.#body.open(segment);
        yield isWhole ? this.#body.event(index) : eventOf(segment, index);
      }
    }
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

  /**
   * The same of those behind a position that was indexed at some time. What was looked through for the last call is not
   * looked through again when this one is about the same aggregate.
   *
   * @throws StoreCorruptError
   */
  tailOf(aggregate: number, after: number): readonly number[] {
    if (this.#tail?.aggregate !== aggregate || after < this.#tail.after) {
      this.#tail = { aggregate, after, end: after, positions: [] };
    }
    const tail = this.#tail;
    this.columns(tail.end + 1, ({ first, count }, { aggregate: aggregates }) => {
      for (let index = Math.max(0, tail.end + 1 - first); index < count; index++) {
        if (aggregates[index] === aggregate) tail.positions.push(first + index);
      }
      tail.end = first + count - 1;
    });
    return after === tail.after ? tail.positions : tail.positions.filter((position) => position > after);
  }

  /** Calls back with the columns of each segment from a position on. @throws StoreCorruptError */
  columns(from: number, take: (segment: OpenSegment, columns: BodyReader['columns']) => void): void {
    for (const segment of this.segments(from)) {
      this.#body.open(segment);
      take(segment, this.#body.columns);
    }
  }

  #holding(position: number): OpenSegment | undefined {
    const known = this.#kept.at(position);
    if (known) return known;
    const row = this.#rowAt(position);
    const segment = row && openSegment(storedSegment(row));
    if (holds(segment, position)) return this.#kept.keep(segment);
    // Either the log ends before it, or there is a gap.
    for (const next of this.segments(position)) return next;
    return undefined;
  }
}
