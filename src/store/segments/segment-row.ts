import type { Codec } from '../../events/codec.js';
import type { RawEvent } from '../store.js';

/**
 * An event of a segment. Its bytes stay where they are: a view of them is made for the caller that asks for one, and
 * most only decode them.
 *
 * A class and not an object literal: V8 puts the objects of a literal into the old generation for good when those of
 * one collection all survived it, as they do while a marking of the heap happens to run, and then reads at two
 * thirds of the speed. Instances of classes it always makes in the young generation.
 */
export class SegmentRow implements RawEvent {
  readonly position: number;
  readonly type: number;
  readonly aggregate: number;
  readonly version: number;
  readonly occurredAt: number;
  readonly partitionKey: number | undefined;
  readonly causation: number;
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #dataEnd: number;
  readonly #end: number;

  constructor(
    position: number,
    type: number,
    aggregate: number,
    version: number,
    occurredAt: number,
    key: number,
    causation: number,
    bytes: Buffer,
    start: number,
    dataEnd: number,
    end: number,
  ) {
    this.position = position;
    this.type = type;
    this.aggregate = aggregate;
    this.version = version;
    this.occurredAt = occurredAt;
    this.partitionKey = key === 0 ? undefined : key;
    this.causation = causation;
    this.#bytes = bytes;
    this.#start = start;
    this.#dataEnd = dataEnd;
    this.#end = end;
  }

  get data(): Buffer {
    return this.#bytes.subarray(this.#start, this.#dataEnd);
  }

  get metadata(): Buffer | undefined {
    return this.#end === this.#dataEnd ? undefined : this.#bytes.subarray(this.#dataEnd, this.#end);
  }

  /** Bytes of the payload and the metadata. */
  get size(): number {
    return this.#end - this.#start;
  }

  unpackData(codec: Codec): unknown {
    return codec.unpack(this.#bytes, this.#start, this.#dataEnd);
  }

  unpackMetadata(codec: Codec): unknown {
    if (this.#end === this.#dataEnd) return undefined;
    return codec.unpack(this.#bytes, this.#dataEnd, this.#end);
  }
}
