import { crc32 } from 'node:zlib';
import type { Slab } from '../../events/slab.js';
import { COLUMNS_BYTES, SegmentColumns } from './body.js';
import { HOT_SEGMENT_EVENTS, SEGMENT_BYTES } from './limits.js';
import { type StoredSegment, typeList } from './stored-segment.js';

/** Room for payloads; a segment with more has memory of its own, which goes with it. */
const FIRST_BYTES = 2 * SEGMENT_BYTES;

/** Gathers events, and makes a segment of them when there are enough. */
export class SegmentBuilder {
  readonly #columns = new SegmentColumns();
  readonly #checks = Buffer.alloc(HOT_SEGMENT_EVENTS * 4);
  readonly #emit: (segment: StoredSegment) => void;
  /** What most segments fit into. Columns are written in front of the payloads, as soon as their length is known. */
  readonly #room = Buffer.allocUnsafeSlow(COLUMNS_BYTES + FIRST_BYTES);
  /** The same, or as much as a large event takes. */
  #bytes = this.#room;
  #end = COLUMNS_BYTES;
  #count = 0;
  #first = 0;
  /** Of all events that were added. */
  chain = 0;
  names = 0;
  shapes = 0;

  /** @param emit called with each segment; its bytes are good until the next event. */
  constructor(emit: (segment: StoredSegment) => void) {
    this.#emit = emit;
  }

  /** Adds an event. The names that it brings are added to `names` afterwards, before the next one. */
  add(slab: Slab, row: number, check: number): void {
    const data = slab.dataLength[row] as number;
    const metadata = slab.metadataLength[row] as number;
    const start = slab.dataOffset[row] as number;
    this.begin(slab.position[row] as number, data + metadata);
    const columns = this.#columns;
    const index = this.#count;
    const aggregate = slab.aggregate[row] as number;
    const key = slab.key[row] as number;
    columns.type[index] = slab.type[row] as number;
    columns.aggregate[index] = aggregate;
    columns.version[index] = slab.version[row] as number;
    columns.occurredAt[index] = slab.occurredAt[row] as number;
    columns.key[index] = key === aggregate ? 0 : key;
    columns.causation[index] = slab.causation[row] as number;
    columns.dataLength[index] = data;
    columns.metadataLength[index] = metadata;
    columns.check[index] = check;
    slab.bytes.copy(this.#bytes, this.#end, start, start + data + metadata);
    this.#end += data + metadata;
    this.#count++;
  }

  /** Makes a segment of what there is. */
  flush(): void {
    const count = this.#count;
    if (count === 0) return;
    const { check, type } = this.#columns;
    for (let index = 0; index < count; index++) this.#checks.writeUInt32LE(check[index] as number, index * 4);
    this.chain = crc32(this.#checks.subarray(0, count * 4), this.chain);
    const columnsEnd = this.#columns.write(this.#bytes, 0, count);
    const start = COLUMNS_BYTES - columnsEnd;
    this.#bytes.copyWithin(start, 0, columnsEnd);
    const body = this.#bytes.subarray(start, this.#end);
    this.#emit({
      first: this.#first,
      count,
      names: this.names,
      shapes: this.shapes,
      chain: this.chain,
      bytes: body.length,
      packed: 0,
      types: typeList(type, count),
      body,
    });
    this.clear();
  }

  /** Forgets what was added and not emitted. */
  clear(): void {
    this.#count = 0;
    this.#end = COLUMNS_BYTES;
    this.#bytes = this.#room;
  }

  /** Ends the segment when an event of so many bytes does not belong into it, and makes room for it. */
  begin(position: number, size: number): void {
    const used = this.#end - COLUMNS_BYTES;
    const isFull = this.#count === HOT_SEGMENT_EVENTS || used >= SEGMENT_BYTES;
    if (isFull || (used > 0 && used + size > SEGMENT_BYTES)) this.flush();
    if (this.#count === 0) this.#first = position;
    const needed = this.#end + size;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(needed);
    this.#bytes.copy(grown, 0, 0, this.#end);
    this.#bytes = grown;
  }
}
