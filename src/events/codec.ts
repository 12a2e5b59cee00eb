// The plain JavaScript build, not msgpackr's main entry: its native string extractor refuses shared memory and
// then falls back through an exception, 9 µs an event instead of 0.8.
import { addExtension, Packr } from 'msgpackr/pack';
import { Unpackr } from 'msgpackr/unpack';
import { PayloadTooLargeError } from '../kernel/errors.js';
import { MAX_SHAPES } from '../limits.js';
import { Problem, unreadable, unsupported } from './payload-check.js';
import { NegativeZero, PlainCopier } from './plain-copy.js';
import { DataKind, kindOf } from './plain-data.js';
import { type Shape, ShapeIndex } from './shape-index.js';

/** Where encoded bytes lie: in memory that the codec uses again for the next value. */
export interface Packed {
  target: Buffer;
  start: number;
  end: number;
}

/** msgpackr's encode flag: return the target buffer with `start` and `end` set, not a new view on it. */
const REUSE_BUFFER_MODE = 512;
/** And: leave one byte free in front. A list of values begins with at least one byte, a record with at most two. */
const ONE_BYTE_IN_FRONT = 2048 | 1;

/** First bytes of a record: 0x40 to 0x5f one byte, 0x60 to 0x7f with a second one. */
const RECORD_FIRST = 0x40;
const RECORD_TWO_BYTES = 0x60;
const RECORD_LAST = 0x7f;

/** Bytes to begin with, and those kept after a large payload. */
const FIRST_BYTES = 64 * 1024;
const KEPT_BYTES = 1024 * 1024;

interface PackrInternals {
  useBuffer(buffer: Uint8Array): void;
  position: number;
  pack(value: unknown, options: number): Buffer & { start: number; end: number };
}

const packr = new Packr({
  // Not `false`: numbers from 64 on would be written as bytes that begin a record.
  useRecords: () => false,
  variableMapSize: true,
  // A field of that name is data, also beside one named 'constructor'.
  useToJSON: false,
} as never) as unknown as PackrInternals;

interface Room {
  readonly target: Buffer;
  readonly targetView: DataView;
  readonly position: number;
}

// msgpackr writes -0 as 0. So it is given an object of a class of ours, for which nine bytes are written: the float -0
// of MessagePack, which any reader knows. No extension is stored; msgpackr only wants a number for the class, and its
// readers are told to do with that number what they do with one they do not know.
addExtension({
  Class: NegativeZero,
  type: 0x5a,
  pack: (_zero: NegativeZero, allocate: (bytes: number) => Room) => {
    const { target, targetView, position } = allocate(9);
    target[position] = 0xcb;
    targetView.setFloat64(position + 1, -0);
  },
  unpack: () => {
    throw new Error('Unknown extension type 90');
  },
} as never);

/**
 * MessagePack with known shapes. A payload whose shape is known is a record, which halves its bytes and makes
 * decoding three times as fast; any other value is plain MessagePack. The shapes are numbered for the life of a
 * log and stored in it, so that every row is readable with the file alone. What is packed is a checked copy
 * (`PlainCopier`), so that nothing of the user's runs while msgpackr works in memory that all codecs share. A record
 * is packed as the list of its values, and its number takes the place of the list's length: msgpackr would read each
 * field a second time and look up each key.
 */
export class Codec {
  #shapes: readonly Shape[];
  readonly #index = new ShapeIndex();
  readonly #copier = new PlainCopier(this.#index);
  readonly #unpackr: Unpackr;
  #bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #busy = false;
  readonly #packed: Packed = { target: this.#bytes, start: 0, end: 0 };
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

  /** Where the values encoded last lie. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Takes over a longer list of shapes. */
  learn(shapes: readonly Shape[]): void {
    this.#shapes = shapes;
    this.#index.learn(shapes);
  }

  /**
   * Encodes plain data. The bytes, and the object that says where they lie, are good until the next call.
   *
   * @param type the event type that errors name.
   * @param asRecord whether the value may become a record. Nested objects never do: they have too many shapes to be
   * worth a number.
   * @throws UnsupportedPayloadError when it would not come back as it was; PayloadTooLargeError.
   */
  encode(type: string, value: unknown, asRecord: boolean): Packed {
    const plain = this.#copy(type, value, asRecord);
    const { shape } = this.#copier;
    const bytes = this.#bytes.length > KEPT_BYTES ? Buffer.allocUnsafeSlow(FIRST_BYTES) : this.#bytes;
    const packed = this.#pack(
      bytes,
      0,
      plain,
      shape < 0 ? REUSE_BUFFER_MODE : REUSE_BUFFER_MODE | ONE_BYTE_IN_FRONT,
    );
    if (shape >= 0) writeRecordHead(packed, shape, (plain as readonly unknown[]).length);
    this.#bytes = packed.target;
    return packed;
  }

  /** Encodes a second value behind the first one. */
  encodeMore(type: string, value: unknown): Packed {
    const { target: first, end: start } = this.#packed;
    const packed = this.#pack(first, start, this.#copy(type, value, false), REUSE_BUFFER_MODE);
    // msgpackr begins at a multiple of eight, or in other memory when there is too little room.
    const length = packed.end - packed.start;
    if (packed.target !== first || packed.end > first.length) {
      this.#bytes = Buffer.allocUnsafeSlow(Math.max(2 * first.length, start + length));
      first.copy(this.#bytes, 0, 0, start);
    }
    packed.target.copy(this.#bytes, start, packed.start, packed.end);
    packed.target = this.#bytes;
    packed.start = start;
    packed.end = start + length;
    return packed;
  }

  /** Encodes a value into bytes of its own, as plain MessagePack. */
  pack(value: unknown, type = ''): Buffer {
    const { target, start, end } = this.encode(type, value, false);
    const bytes = Buffer.allocUnsafeSlow(end - start);
    target.copy(bytes, 0, start, end);
    return bytes;
  }

  /** Decodes the value that lies in `bytes` from `start` to `end`. */
  unpack(bytes: Buffer, start = 0, end = bytes.length): unknown {
    this.#range.start = start;
    this.#range.end = end;
    return this.#unpackr.unpack(bytes, this.#range as never);
  }

  /** A copy that was checked. The user's getters and proxies run here, and what they encode is refused. */
  #copy(type: string, value: unknown, asRecord: boolean): unknown {
    if (this.#busy) throw unreadable(type, new Error('a getter of another payload publishes it'));
    this.#busy = true;
    try {
      return this.#copier.copy(type, value, asRecord);
    } catch (error) {
      if (error instanceof Problem) throw unsupported(type, value, error.text);
      throw error instanceof PayloadTooLargeError ? error : unreadable(type, error);
    } finally {
      this.#busy = false;
    }
  }

  #pack(bytes: Buffer, offset: number, plain: unknown, options: number): Packed {
    packr.useBuffer(bytes);
    packr.position = offset;
    const target = packr.pack(plain, options);
    const packed = this.#packed;
    packed.target = target;
    packed.start = target.start;
    packed.end = target.end;
    return packed;
  }
}

/** Writes the number of a record in front of its values, in the place of the length of their list. */
function writeRecordHead(packed: Packed, shape: number, values: number): void {
  const { target } = packed;
  const first = packed.start + 1 + (values < 0x10 ? 1 : values < 0x1_0000 ? 3 : 5);
  const id = RECORD_FIRST + shape;
  if (id < RECORD_TWO_BYTES) {
    packed.start = first - 1;
    target[first - 1] = id;
    return;
  }
  packed.start = first - 2;
  target[first - 2] = RECORD_TWO_BYTES + ((id - RECORD_TWO_BYTES) & 0x1f);
  target[first - 1] = (id - RECORD_TWO_BYTES) >> 5;
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
