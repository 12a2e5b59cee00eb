// The plain JavaScript build, not msgpackr's main entry: its native string extractor refuses shared memory and
// then falls back through an exception, 9 µs an event instead of 0.8.
import { Packr } from 'msgpackr/pack';
import { Unpackr } from 'msgpackr/unpack';
import { MAX_SHAPES } from '../limits.js';

/** The keys of a payload in their order: what a record refers to by a number instead of spelling them out. */
export type Shape = readonly string[];

/** Where msgpackr left its bytes: in the buffer it was given, or in a larger one when that was too small. */
export interface Packed {
  target: Buffer;
  start: number;
  end: number;
}

/** msgpackr's encode flag: return the target buffer with `start` and `end` set, not a new view on it. */
const REUSE_BUFFER_MODE = 512;

/** First bytes of a record: 0x40 to 0x5f one byte, 0x60 to 0x7f with a second one. */
const RECORD_FIRST = 0x40;
const RECORD_LAST = 0x7f;

interface PackrInternals {
  useBuffer(buffer: Uint8Array): void;
  position: number;
  pack(value: unknown, options: number): Buffer & { start: number; end: number };
}

/**
 * MessagePack with known shapes. A payload whose shape is known is a record, which halves its bytes and makes
 * decoding three times as fast; any other value is plain MessagePack. The shapes are numbered for the life of a
 * log and stored in it, so that every row is readable with the file alone.
 */
export class Codec {
  #shapes: readonly Shape[];
  #packr: PackrInternals;
  readonly #unpackr: Unpackr;
  /** The one object that may become a record: nested objects have too many shapes to be worth a number. */
  #record: unknown;
  readonly #packed: Packed = { target: Buffer.alloc(0), start: 0, end: 0 };
  readonly #range = { start: 0, end: 0 };

  /** @param reload called when a record has an unknown number: the shapes may have grown elsewhere. */
  constructor(shapes: readonly Shape[] = [], reload?: () => readonly Shape[]) {
    this.#shapes = shapes;
    this.#packr = this.#makePackr();
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

  /** Takes over a longer list of shapes. */
  learn(shapes: readonly Shape[]): void {
    this.#shapes = shapes;
    this.#packr = this.#makePackr();
  }

  /**
   * Encodes a value into `buffer` at `offset` or a little later: msgpackr aligns its start. The result object is
   * reused by the next call. When the value did not fit, `target` is another buffer and nothing in `buffer`
   * before `offset` has changed.
   *
   * @param asRecord whether the value may become a record.
   */
  packInto(buffer: Buffer, offset: number, value: unknown, asRecord: boolean): Packed {
    const packr = this.#packr;
    this.#record = asRecord ? value : undefined;
    packr.useBuffer(buffer);
    packr.position = offset;
    const result = packr.pack(value, REUSE_BUFFER_MODE);
    const packed = this.#packed;
    packed.target = result;
    packed.start = result.start;
    packed.end = result.end;
    return packed;
  }

  /** Encodes a value into bytes of its own, as plain MessagePack. */
  pack(value: unknown): Buffer {
    const { target, start, end } = this.packInto(Buffer.allocUnsafeSlow(8192), 0, value, false);
    return target.subarray(start, end);
  }

  /** Decodes the value that lies in `bytes` from `start` to `end`. */
  unpack(bytes: Buffer, start = 0, end = bytes.length): unknown {
    this.#range.start = start;
    this.#range.end = end;
    return this.#unpackr.unpack(bytes, this.#range as never);
  }

  #makePackr(): PackrInternals {
    const shapes = this.#shapes;
    return new Packr({
      getStructures: () => shapes.map((shape) => [...shape]),
      maxSharedStructures: MAX_SHAPES,
      // With these two an unknown shape is written as a map, and numbers are given by us alone.
      maxOwnStructures: 0,
      shouldShareStructure: () => false,
      useRecords: (value: unknown) => value === this.#record,
      variableMapSize: true,
      // A field of that name is data, also beside one named 'constructor'; methods were refused before.
      useToJSON: false,
    } as never) as unknown as PackrInternals;
  }
}

/** Whether what was packed became a record. */
export function isRecord({ target, start }: Packed): boolean {
  const first = target[start] as number;
  return first >= RECORD_FIRST && first <= RECORD_LAST;
}

/** The shape of a payload that did not become a record; undefined when it is no plain object. */
export function shapeOf(value: unknown): Shape | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if (value instanceof Date || value instanceof Uint8Array) return undefined;
  return Object.keys(value);
}
