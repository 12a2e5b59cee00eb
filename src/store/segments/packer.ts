import zlib from 'node:zlib';
import type { Statement } from 'better-sqlite3';
import { encodeError, type WireError } from '../../kernel/error-codec.js';
import { StoreCorruptError } from '../../kernel/errors.js';
import { damageIn, type Sqlite } from '../sqlite.js';
import { COLUMNS_BYTES, SegmentColumns } from './body.js';
import { MAX_SEGMENT_EVENTS, PACK_EVENTS, PACKED_BYTES, PACKED_EVENTS, SEGMENT_BYTES } from './limits.js';
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
  /** Those of one transaction, in order. */
  readonly packed: readonly Packed[];
  /** The position up to which nothing is left to pack. */
  readonly done: number;
  /** What was met in the first segment that was looked at, which is left as it is: it is damaged. */
  readonly damage?: WireError;
}

/**
 * Makes compressed segments of several cold ones each. What their events say, and their checks and so the chain, stays:
 * only where segments begin and end changes. It reads only; the writer puts the result into the file. A damaged segment
 * is for whatever reads its events to complain about: nobody may ever do so, and the log goes on.
 */
export class Packer {
  readonly #path: string;
  readonly #from: Statement;
  readonly #next: Statement;
  readonly #columns = new SegmentColumns();
  readonly #part = new SegmentColumns();

  constructor(database: Sqlite) {
    this.#path = database.name;
    this.#from = database
      .prepare(`SELECT ${SEGMENT_COLUMNS} FROM segments WHERE first > ? ORDER BY first`)
      .raw();
    this.#next = database
      .prepare('SELECT first FROM segments WHERE first > ? ORDER BY first LIMIT 1')
      .pluck();
  }

  /**
   * Packs the first segments behind a position that go together, and those behind them, as many as one transaction may change.
   *
   * @param until positions behind it are not cold yet.
   * @throws the errors of a disk that fails; damage is in the result.
   */
  pack(after: number, until: number): PackResult {
    const first = this.#packGroup(after, until);
    const packed = [...first.packed];
    let { done } = first;
    while (packed.length > 0 && done - after < PACK_EVENTS) {
      const next = this.#packGroup(done, until);
      // What cannot be packed, or is not worth it, is looked at by itself.
      if (next.packed.length === 0) break;
      packed.push(...next.packed);
      done = next.done;
    }
    return { ...first, packed, done };
  }

  #packGroup(after: number, until: number): PackResult {
    const group = this.#group(after, until);
    const last = group.segments.at(-1);
    if (!last) {
      return group.damage ? this.#past(group.damage, after, until) : { packed: [], done: after };
    }
    const done = last.first + last.count - 1;
    const isWorthIt =
      group.segments.length > 1 || (last.packed === 0 && last.bytes <= SEGMENT_BYTES + COLUMNS_BYTES);
    return { packed: isWorthIt ? [this.#merged(group, last)] : [], done };
  }

  /** Segments that go together, up to the first one that is damaged, as one statement sees them. Their columns are in `#columns`. */
  #group(after: number, until: number): Group {
    const group: Group = { segments: [], payloads: [], count: 0, bytes: 0, damage: undefined };
    // A group that later events may join is left until they have come.
    let isComplete = false;
    try {
      for (const row of this.#from.iterate(after) as IterableIterator<SegmentRowValues>) {
        const segment = storedSegment(row);
        const fits =
          group.count + segment.count <= PACKED_EVENTS && group.bytes + segment.bytes <= PACKED_BYTES;
        isComplete = group.segments.length > 0 && !fits;
        if (isComplete || segment.first + segment.count - 1 > until) break;
        this.#add(group, segment);
        isComplete = !fits;
        if (isComplete) break;
      }
    } catch (error) {
      group.damage = damageIn(this.#path, error);
      isComplete = true;
    }
    const isSmall = group.count < PACKED_EVENTS / 2 && group.bytes < PACKED_BYTES / 2;
    return isSmall && !isComplete ? { ...group, segments: [] } : group;
  }

  /** Takes a segment in. @throws StoreCorruptError when it cannot be decompressed, or its columns not be read. */
  #add(group: Group, segment: StoredSegment): void {
    const { body } = openSegment(segment);
    group.payloads.push(body.subarray(this.#part.read(body, segment.count)));
    this.#columns.append(group.count, this.#part, segment.count);
    group.segments.push(segment);
    group.count += segment.count;
    group.bytes += segment.bytes;
  }

  /** Goes past a damaged segment, once it is cold. */
  #past(damage: StoreCorruptError, after: number, until: number): PackResult {
    let first: unknown;
    try {
      first = this.#next.get(after);
    } catch (error) {
      damageIn(this.#path, error);
    }
    // Of a page that SQLite cannot read at all it is not known how many segments are in it.
    const done = typeof first === 'number' ? first : Math.min(after + MAX_SEGMENT_EVENTS, until);
    if (done > until) return { packed: [], done: after };
    return { packed: [], done, damage: encodeError(leftUnpacked(damage, done)) };
  }

  #merged({ segments, payloads, count }: Group, last: StoredSegment): Packed {
    const head = Buffer.allocUnsafe(COLUMNS_BYTES);
    const body = Buffer.concat([head.subarray(0, this.#columns.write(head, 0, count)), ...payloads]);
    const compressed = zlib.zstdCompressSync(body, {
      params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 },
    });
    const isSmaller = compressed.length < body.length;
    const segment = {
      ...last,
      first: segments[0]?.first ?? last.first,
      count,
      bytes: body.length,
      packed: isSmaller ? 1 : 0,
      types: typeList(this.#columns.type, count),
      body: isSmaller ? compressed : body,
    };
    return { segment, replaces: segments.length };
  }
}

/** Segments that become one. */
interface Group {
  readonly segments: StoredSegment[];
  readonly payloads: Buffer[];
  count: number;
  bytes: number;
  /** What ended it. */
  damage: StoreCorruptError | undefined;
}

function leftUnpacked(cause: StoreCorruptError, position: number): StoreCorruptError {
  return new StoreCorruptError(
    `The store is damaged: the segment at position ${position} cannot be packed, and stays as it is (${cause.message}) Everything else goes on. Run 'millrace verify' on it, and restore it from a backup.`,
    { cause, details: { position } },
  );
}
