import { SLAB_BYTES, SLAB_ROW_BITS, SLAB_ROWS } from '../limits.js';

/**
 * A slab is a block of shared memory that holds up to `SLAB_ROWS` encoded events: one column per fact in typed
 * arrays, then the bytes. The main thread fills it, the writer and the lanes read it in place, and when all
 * have finished it is used again. One event is one row; but for `claim` a row never changes once its batch was sent.
 */
export class Slab {
  readonly id: number;
  readonly memory: SharedArrayBuffer;
  /** Position in the log. */
  readonly position: Float64Array;
  /** Unix epoch milliseconds. */
  readonly occurredAt: Float64Array;
  /** Position of the cause, 0 for none. */
  readonly causation: Float64Array;
  /** Number of the aggregate's name. */
  readonly aggregate: Uint32Array;
  readonly version: Uint32Array;
  /** Number of the partition key's name. */
  readonly key: Uint32Array;
  /** Number of the stored type. */
  readonly type: Uint32Array;
  /** Where the payload begins in `bytes`; metadata follows it at once. */
  readonly dataOffset: Uint32Array;
  readonly dataLength: Uint32Array;
  readonly metadataLength: Uint32Array;
  /** Where the UTF-8 aggregate id begins in `bytes`. */
  readonly nameOffset: Uint32Array;
  readonly nameLength: Uint32Array;
  readonly keyOffset: Uint32Array;
  readonly keyLength: Uint32Array;
  /**
   * Who may run the row: the number of the sending that it went out with, which the lane turns negative when it
   * begins the row, and the main thread into 0 when it takes the row back or has its answer. The one column that
   * both sides write, by `Atomics.compareExchange` while it is not settled whose it is.
   */
  readonly claim: Int32Array;
  /** `ROW_…` bits. */
  readonly flags: Uint8Array;
  readonly bytes: Buffer;

  constructor(id: number, memory: SharedArrayBuffer) {
    this.id = id;
    this.memory = memory;
    let offset = 0;
    const float64 = () => {
      const column = new Float64Array(memory, offset, SLAB_ROWS);
      offset += column.byteLength;
      return column;
    };
    const uint32 = () => {
      const column = new Uint32Array(memory, offset, SLAB_ROWS);
      offset += column.byteLength;
      return column;
    };
    this.position = float64();
    this.occurredAt = float64();
    this.causation = float64();
    this.aggregate = uint32();
    this.version = uint32();
    this.key = uint32();
    this.type = uint32();
    this.dataOffset = uint32();
    this.dataLength = uint32();
    this.metadataLength = uint32();
    this.nameOffset = uint32();
    this.nameLength = uint32();
    this.keyOffset = uint32();
    this.keyLength = uint32();
    this.claim = new Int32Array(memory, offset, SLAB_ROWS);
    offset += this.claim.byteLength;
    this.flags = new Uint8Array(memory, offset, SLAB_ROWS);
    offset += this.flags.byteLength;
    this.bytes = Buffer.from(memory, offset);
  }
}

/** The row's aggregate id is new to the log: the writer stores the name. */
export const ROW_NEW_AGGREGATE = 1;
/** The row's partition key is new to the log. */
export const ROW_NEW_KEY = 2;
/** Deterministic mode: the row runs ahead of its number. Its position says only how old it is. */
export const ROW_UNNUMBERED = 4;
/** The first row of those of its key that run ahead together. */
export const ROW_RUN_START = 8;

const COLUMN_BYTES = SLAB_ROWS * (3 * 8 + 12 * 4 + 1);

/** Shared memory for a slab with room for `payloadBytes` bytes. */
export function allocateSlab(payloadBytes: number = SLAB_BYTES): SharedArrayBuffer {
  return new SharedArrayBuffer(COLUMN_BYTES + payloadBytes);
}

/** Bytes of a pooled slab, columns included. */
export const POOLED_SLAB_BYTES = COLUMN_BYTES + SLAB_BYTES;

/** Packs slab id and row into one 32-bit number. */
export function rowReference(slab: number, row: number): number {
  return ((slab << SLAB_ROW_BITS) | row) >>> 0;
}

export function slabOf(reference: number): number {
  return reference >>> SLAB_ROW_BITS;
}

export function rowOf(reference: number): number {
  return reference & (SLAB_ROWS - 1);
}
