import zlib from 'node:zlib';
import type { Statement } from 'better-sqlite3';
import type { Sqlite } from '../sqlite.js';
import { COLUMNS_BYTES, SegmentColumns } from './body.js';
import { MAX_SEGMENT_EVENTS, PACKED_BYTES, SEGMENT_BYTES } from './limits.js';
import {
  openSegment,
  SEGMENT_COLUMNS,
  type SegmentRowValues,
  type StoredSegment,
  storedSegment,
  typeList,
} from './stored-segment.js';

/** What takes the place of some segments. */
export interface Packed {
  readonly segment: StoredSegment;
  /** How many segments it replaces: all that begin at its first position or behind, and not behind its last. */
  readonly replaces: number;
}

/** What a look for segments that can be packed has found. */
export interface PackResult {
  readonly packed: Packed | undefined;
  /** The position up to which nothing is left to pack. */
  readonly done: number;
}

/**
 * Makes one compressed segment of several cold ones. What their events say, and their checks and so the chain, stays:
 * only where segments begin and end changes. It reads only; the writer puts the result into the file.
 */
export class Packer {
  readonly #database: Sqlite;
  readonly #from: Statement;
  readonly #columns = new SegmentColumns();
  readonly #part = new SegmentColumns();

  constructor(database: Sqlite) {
    this.#database = database;
    this.#from = database
      .prepare(`SELECT ${SEGMENT_COLUMNS} FROM segments WHERE first > ? ORDER BY first`)
      .raw();
  }

  /**
   * Packs the first segments behind a position that go together.
   *
   * @param until positions behind it are not cold yet.
   * @throws StoreCorruptError
   */
  pack(after: number, until: number): PackResult {
    return this.#database.transaction(() => {
      const group = this.#group(after, until);
      const last = group.at(-1);
      if (!last) return { packed: undefined, done: after };
      const done = last.first + last.count - 1;
      const isWorthIt =
        group.length > 1 || (last.packed === 0 && last.bytes <= SEGMENT_BYTES + COLUMNS_BYTES);
      return { packed: isWorthIt ? this.#merged(group) : undefined, done };
    })();
  }

  #group(after: number, until: number): StoredSegment[] {
    const group: StoredSegment[] = [];
    let events = 0;
    let bytes = 0;
    for (const row of this.#from.iterate(after) as IterableIterator<SegmentRowValues>) {
      const segment = storedSegment(row);
      events += segment.count;
      bytes += segment.bytes;
      const isCold = segment.first + segment.count - 1 <= until;
      const fits = events <= MAX_SEGMENT_EVENTS && bytes <= PACKED_BYTES;
      if (!isCold || (group.length > 0 && !fits)) break;
      group.push(segment);
      if (!fits) break;
    }
    // A group that later events may join is left until they have come.
    return events < MAX_SEGMENT_EVENTS / 2 && bytes < PACKED_BYTES / 2 ? [] : group;
  }

  #merged(group: readonly StoredSegment[]): Packed {
    const last = group.at(-1) as StoredSegment;
    const payloads: Buffer[] = [];
    let count = 0;
    for (const stored of group) {
      const { body } = openSegment(stored);
      payloads.push(body.subarray(this.#part.read(body, stored.count)));
      this.#columns.append(count, this.#part, stored.count);
      count += stored.count;
    }
    const head = Buffer.allocUnsafe(COLUMNS_BYTES);
    const body = Buffer.concat([head.subarray(0, this.#columns.write(head, 0, count)), ...payloads]);
    const compressed = zlib.zstdCompressSync(body, {
      params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 },
    });
    const isSmaller = compressed.length < body.length;
    const segment = {
      ...last,
      first: group[0]?.first ?? last.first,
      count,
      bytes: body.length,
      packed: isSmaller ? 1 : 0,
      types: typeList(this.#columns.type, count),
      body: isSmaller ? compressed : body,
    };
    return { segment, replaces: group.length };
  }
}
