import { metadataEndOf } from '../../events/row.js';
import type { Slab } from '../../events/slab.js';
import { SLAB_BYTES, SLAB_ROWS } from '../../limits.js';
import type { RawEvent } from '../store.js';

/** Payload bytes of a new piece; a quarter of a slab's, and doubled as they fill. */
const FIRST_BYTES = SLAB_BYTES / 4;

/** A piece of a log in memory: events one after the other, copied out of their slabs, as columns and bytes. */
export class KeptEvents {
  readonly firstPosition: number;
  count = 0;
  readonly type = new Uint32Array(SLAB_ROWS);
  readonly aggregate = new Uint32Array(SLAB_ROWS);
  readonly version = new Uint32Array(SLAB_ROWS);
  readonly #key = new Uint32Array(SLAB_ROWS);
  readonly #occurredAt = new Float64Array(SLAB_ROWS);
  readonly #causation = new Float64Array(SLAB_ROWS);
  readonly #start = new Uint32Array(SLAB_ROWS);
  readonly #dataLength = new Uint32Array(SLAB_ROWS);
  readonly #metadataLength = new Uint32Array(SLAB_ROWS);
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #end = 0;

  constructor(firstPosition: number) {
    this.firstPosition = firstPosition;
  }

  /** Bytes of memory that it takes, full or not. */
  get size(): number {
    return COLUMN_BYTES + this.#bytes.length;
  }

  /** Whether the next event belongs into another piece: pieces are dropped whole, so none gets large. */
  get isFull(): boolean {
    return this.count === SLAB_ROWS || this.#end >= SLAB_BYTES;
  }

  /** Copies rows of a slab, as far as there is room. Returns the first row that was not taken. */
  add(slab: Slab, from: number, to: number): number {
    const end = Math.min(to, from + SLAB_ROWS - this.count);
    const { count } = this;
    const copy = <Column extends Uint32Array | Float64Array>(into: Column, column: Column): void =>
      into.set(column.subarray(from, end), count);
    copy(this.type, slab.type);
    copy(this.aggregate, slab.aggregate);
    copy(this.version, slab.version);
    copy(this.#key, slab.key);
    copy(this.#occurredAt, slab.occurredAt);
    copy(this.#causation, slab.causation);
    copy(this.#dataLength, slab.dataLength);
    copy(this.#metadataLength, slab.metadataLength);
    // The names between the payloads come along: one copy is quicker than many.
    const first = slab.dataOffset[from] as number;
    const last = metadataEndOf(slab, end - 1);
    this.#reserve(last - first);
    slab.bytes.copy(this.#bytes, this.#end, first, last);
    for (let row = from; row < end; row++) {
      this.#start[count + row - from] = (slab.dataOffset[row] as number) - first + this.#end;
    }
    this.#end += last - first;
    this.count = count + end - from;
    return end;
  }

  event(row: number): RawEvent {
    const start = this.#start[row] as number;
    const end = start + (this.#dataLength[row] as number);
    const metadataLength = this.#metadataLength[row] as number;
    const aggregate = this.aggregate[row] as number;
    const key = this.#key[row] as number;
    return {
      position: this.firstPosition + row,
      type: this.type[row] as number,
      aggregate,
      version: this.version[row] as number,
      occurredAt: this.#occurredAt[row] as number,
      data: this.#bytes.subarray(start, end),
      partitionKey: key === aggregate ? undefined : key,
      causation: this.#causation[row] as number,
      metadata: metadataLength === 0 ? undefined : this.#bytes.subarray(end, end + metadataLength),
    };
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#bytes.length) return;
    // Events that were handed out keep the memory of before: nothing in it changes any more.
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(2 * this.#bytes.length, 2 * SLAB_BYTES)));
    this.#bytes.copy(grown, 0, 0, this.#end);
    this.#bytes = grown;
  }
}

const COLUMN_BYTES = SLAB_ROWS * (7 * 4 + 2 * 8);
