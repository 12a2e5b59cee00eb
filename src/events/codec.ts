// The plain JavaScript build, not msgpackr's main entry: its native string extractor refuses shared memory and
// then falls back through an exception, 9 µs an event instead of 0.8.
import { Unpackr } from 'msgpackr/unpack';
import { MAX_SHAPES } from '../limits.js';
import { Encoder } from './encoder.js';
import { DataKind, kindOf } from './plain-data.js';
import { ShapeIndex } from './shape-index.js';

/** The keys of a payload in their order: what a record refers to by a number instead of spelling them out. */
export type Shape = readonly string[];

/** Where encoded bytes lie: in memory that the codec uses again for the next value. */
export interface Packed {
  readonly target: Buffer;
  readonly start: number;
  readonly end: number;
}

/** First bytes of a record: 0x40 to 0x5f one byte, 0x60 to 0x7f with a second one. */
const RECORD_FIRST = 0x40;
const RECORD_LAST = 0x7f;

/**
 * MessagePack with known shapes. A payload whose shape is known is a record, which halves its bytes and makes
 * decoding three times as fast; any other value is plain MessagePack. The shapes are numbered for the life of a
 * log and stored in it, so that every row is readable with the file alone.
 */
export class Codec {
  #shapes: readonly Shape[];
  readonly #index = new ShapeIndex();
  readonly #encoder = new Encoder(this.#index);
  readonly #unpackr: Unpackr;
  readonly #range = { start: 0, end: 0 };

  /** @param reload called when a record has an unknown number: the shapes may have grown elsewhere. */
  constructor(shapes: readonly Shape[] = [], reload?: () => readonly Shape[]) {
    this.#shapes = shapes;
    this.#index.learn(shapes);
    this.#unpackr = new Unpackr({
      getStructures: () => {
        if (reload) this.#shapes = reload();
        return this.#shapes.map((shape) => [...shape]);
      },
      maxSharedStructures: MAX_SHAPES,
      mapsAsObjects: true,
      // Bytes in a payload would else be a view of a slab that is soon used again.
      copyBuffers: true,
      // Else bytes may refer to other bytes of theirs: forty levels of that are a trillion values to walk through.
      structuredClone: false,
    } as never);
  }

  get shapes(): readonly Shape[] {
    return this.#shapes;
  }

  /** Where the value encoded last lies. */
  get bytes(): Buffer {
    return this.#encoder.bytes;
  }

  /** Takes over a longer list of shapes. */
  learn(shapes: readonly Shape[]): void {
    this.#shapes = shapes;
    this.#index.learn(shapes);
  }

  /**
   * Encodes plain data. The bytes are good until the next call. Nested objects are never records: they have too many
   * shapes to be worth a number.
   *
   * @param type the event type that errors name.
   * @param asRecord whether the value may become a record.
   * @throws UnsupportedPayloadError when it would not come back as it was; PayloadTooLargeError.
   */
  encode(type: string, value: unknown, asRecord: boolean): Packed {
    const encoder = this.#encoder;
    encoder.begin();
    encoder.add(type, value, asRecord);
    return { target: encoder.bytes, start: 0, end: encoder.end };
  }

  /** Encodes a second value behind the first one. */
  encodeMore(type: string, value: unknown): Packed {
    const encoder = this.#encoder;
    const start = encoder.end;
    encoder.add(type, value, false);
    return { target: encoder.bytes, start, end: encoder.end };
  }

  /** Encodes a value into bytes of its own, as plain MessagePack. */
  pack(value: unknown, type = ''): Buffer {
    const { target, end } = this.encode(type, value, false);
    const bytes = Buffer.allocUnsafeSlow(end);
    target.copy(bytes, 0, 0, end);
    return bytes;
  }

  /** Decodes the value that lies in `bytes` from `start` to `end`. */
  unpack(bytes: Buffer, start = 0, end = bytes.length): unknown {
    this.#range.start = start;
    this.#range.end = end;
    return this.#unpackr.unpack(bytes, this.#range as never);
  }
}

/** Whether what was packed became a record. */
export function isRecord({ target, start }: Packed): boolean {
  const first = target[start] as number;
  return first >= RECORD_FIRST && first <= RECORD_LAST;
}

/** The shape of a payload that did not become a record; undefined when it is no plain object. */
export function shapeOf(value: unknown): Shape | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return kindOf(value) === DataKind.Fields ? Object.keys(value) : undefined;
}
