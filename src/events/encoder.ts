import { MAX_PAYLOAD_BYTES, MAX_PAYLOAD_DEPTH, MAX_PAYLOAD_VALUES } from '../limits.js';
import { PayloadTooLargeError } from './errors.js';
import { checkSize, TOO_MANY_VALUES, unreadable, unsupported } from './payload-check.js';
import {
  badInstance,
  badKey,
  badType,
  DataKind,
  kindOf,
  LONE_SURROGATE,
  problemOfBigint,
  problemOfBytes,
  problemOfList,
  problemOfNumber,
  problemOfTime,
  SYMBOL_KEYS,
  timeOf,
} from './plain-data.js';
import type { ShapeIndex } from './shape-index.js';

/** Bytes to begin with, and those kept after a large payload. */
const FIRST_BYTES = 64 * 1024;
const KEPT_BYTES = 1024 * 1024;

/** Bytes beyond which encoding ends: the payload is far too large, whatever else is in it. */
const MOST_BYTES = 4 * MAX_PAYLOAD_BYTES;

/** Text up to this length is written character by character: a call into Node costs more than the loop. */
const SHORT_TEXT = 48;

/** First byte of a record; two-byte ids begin at `RECORD + 32`. */
const RECORD = 0x40;

/** What a walk that found a problem ends with; its place is looked for afterwards. */
class Problem {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Turns plain data into MessagePack, and refuses in the same walk what would not come back as it was. Each value is
 * looked at once, so what was checked is what is written, even if a getter gives something else the next time.
 * It writes into memory of its own, which the next call uses again.
 */
export class Encoder {
  bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  /** Where the next byte goes. */
  end = 0;
  readonly #shapes: ShapeIndex;
  #view = viewOf(this.bytes);
  #values = 0;
  #type = '';
  #busy = false;

  constructor(shapes: ShapeIndex) {
    this.#shapes = shapes;
  }

  /** Begins anew. */
  begin(): void {
    if (this.#busy) return;
    this.end = 0;
    if (this.bytes.length > KEPT_BYTES) this.#use(Buffer.allocUnsafeSlow(FIRST_BYTES));
  }

  /**
   * Adds a value to the bytes.
   *
   * @param type the event type that errors name.
   * @param asRecord whether the value may become a record, if its shape is known.
   * @throws UnsupportedPayloadError, PayloadTooLargeError; `bytes` and `end` are then as they were.
   */
  add(type: string, value: unknown, asRecord: boolean): void {
    if (this.#busy) throw unreadable(type, new Error('a getter of another payload publishes it'));
    const { end } = this;
    this.#busy = true;
    this.#values = 0;
    this.#type = type;
    try {
      if (!asRecord || !this.#record(value)) this.#value(value, 0);
    } catch (error) {
      this.end = end;
      throw this.#explain(error, type, value);
    } finally {
      this.#busy = false;
    }
  }

  #explain(error: unknown, type: string, value: unknown): unknown {
    if (error instanceof Problem) return unsupported(type, value, error.text);
    return error instanceof PayloadTooLargeError ? error : unreadable(type, error);
  }

  /** Writes the value as a record when it has a known shape; else nothing. */
  #record(value: unknown): boolean {
    if (typeof value !== 'object' || value === null || kindOf(value) !== DataKind.Fields) return false;
    const keys = Object.keys(value);
    const shape = this.#shapes.find(keys);
    if (shape < 0) return false;
    this.#values++;
    this.#reserve(2);
    if (shape < 32) this.bytes[this.end++] = RECORD + shape;
    else {
      this.bytes[this.end++] = RECORD + 32 + ((shape - 32) & 0x1f);
      this.bytes[this.end++] = (shape - 32) >> 5;
    }
    for (let index = 0; index < keys.length; index++) {
      this.#value((value as Record<string, unknown>)[keys[index] as string], 1);
    }
    if (Object.getOwnPropertySymbols(value).length > 0) throw new Problem(SYMBOL_KEYS);
    return true;
  }

  #value(value: unknown, depth: number): void {
    if (++this.#values > MAX_PAYLOAD_VALUES) throw new Problem(TOO_MANY_VALUES);
    this.#reserve(16);
    switch (typeof value) {
      case 'string':
        if (!this.#text(value)) throw new Problem(LONE_SURROGATE);
        return;
      case 'number':
        this.#number(value);
        return;
      case 'boolean':
        this.bytes[this.end++] = value ? 0xc3 : 0xc2;
        return;
      case 'object':
        if (value === null) this.bytes[this.end++] = 0xc0;
        else this.#object(value, depth);
        return;
      case 'undefined':
        // By convention an extension of type 0.
        this.bytes[this.end++] = 0xd4;
        this.bytes[this.end++] = 0;
        this.bytes[this.end++] = 0;
        return;
      case 'bigint':
        this.#bigint(value);
        return;
      default:
        throw new Problem(badType(value));
    }
  }

  #object(value: object, depth: number): void {
    if (depth >= MAX_PAYLOAD_DEPTH) throw new Problem(`deeper than ${MAX_PAYLOAD_DEPTH} levels, or a cycle`);
    switch (kindOf(value)) {
      case DataKind.Fields:
        this.#fields(value as Readonly<Record<string, unknown>>, depth);
        return;
      case DataKind.List:
        this.#list(value as readonly unknown[], depth);
        return;
      case DataKind.Time:
        this.#refuse(problemOfTime(value));
        this.#time(timeOf(value));
        return;
      case DataKind.Bytes:
        this.#raw(value as Uint8Array);
        return;
      default:
        throw new Problem(badInstance(value));
    }
  }

  #fields(fields: Readonly<Record<string, unknown>>, depth: number): void {
    const keys = Object.keys(fields);
    this.#head(keys.length, 0x80, 16, 0xde);
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index] as string;
      this.#reserve(16);
      if (key === '__proto__' || !this.#text(key)) throw new Problem(badKey(key));
      this.#value(fields[key], depth + 1);
    }
    if (Object.getOwnPropertySymbols(fields).length > 0) throw new Problem(SYMBOL_KEYS);
  }

  #list(list: readonly unknown[], depth: number): void {
    const { length } = list;
    this.#head(length, 0x90, 16, 0xdc);
    for (let index = 0; index < length; index++) this.#value(list[index], depth + 1);
    this.#refuse(problemOfList(list));
    if (list.length !== length) throw new Problem('an array that changes while it is read');
  }

  #refuse(problem: string | undefined): void {
    if (problem !== undefined) throw new Problem(problem);
  }

  /** A length: in the first byte when it is below `small`, else behind `wide` (16 bits) or `wide + 1` (32 bits). */
  #head(length: number, short: number, small: number, wide: number): void {
    if (length < small) this.bytes[this.end++] = short | length;
    else if (length < 0x1_0000) {
      this.bytes[this.end++] = wide;
      this.bytes[this.end++] = length >> 8;
      this.bytes[this.end++] = length & 0xff;
    } else {
      this.bytes[this.end++] = wide + 1;
      this.#view.setUint32(this.end, length);
      this.end += 4;
    }
  }

  #raw(value: Uint8Array): void {
    // The real length, whatever a field of that name says.
    const source = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    const { length } = source;
    if (length < 0x100) {
      this.bytes[this.end++] = 0xc4;
      this.bytes[this.end++] = length;
    } else this.#head(length, 0, 0, 0xc5);
    this.#reserve(length);
    this.bytes.set(source, this.end);
    this.#refuse(
      problemOfBytes(value, new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + this.end, length)),
    );
    this.end += length;
  }

  #number(value: number): void {
    const { bytes } = this;
    if (value >>> 0 === value && !Object.is(value, -0)) {
      if (value < RECORD) bytes[this.end++] = value;
      else if (value < 0x100) {
        bytes[this.end++] = 0xcc;
        bytes[this.end++] = value;
      } else if (value < 0x1_0000) {
        bytes[this.end++] = 0xcd;
        bytes[this.end++] = value >> 8;
        bytes[this.end++] = value & 0xff;
      } else {
        bytes[this.end++] = 0xce;
        this.#view.setUint32(this.end, value);
        this.end += 4;
      }
    } else if (value >> 0 === value && value < 0) {
      if (value >= -0x20) bytes[this.end++] = 0x100 + value;
      else if (value >= -0x80) {
        bytes[this.end++] = 0xd0;
        bytes[this.end++] = 0x100 + value;
      } else if (value >= -0x8000) {
        bytes[this.end++] = 0xd1;
        this.#view.setInt16(this.end, value);
        this.end += 2;
      } else {
        bytes[this.end++] = 0xd2;
        this.#view.setInt32(this.end, value);
        this.end += 4;
      }
    } else {
      this.#refuse(problemOfNumber(value));
      bytes[this.end++] = 0xcb;
      this.#view.setFloat64(this.end, value);
      this.end += 8;
    }
  }

  #bigint(value: bigint): void {
    this.#refuse(problemOfBigint(value));
    if (value < 2n ** 63n) {
      this.bytes[this.end++] = 0xd3;
      this.#view.setBigInt64(this.end, value);
    } else {
      this.bytes[this.end++] = 0xcf;
      this.#view.setBigUint64(this.end, value);
    }
    this.end += 8;
  }

  /** The timestamp extension of MessagePack, in its shortest form. */
  #time(time: number): void {
    const milliseconds = ((time % 1000) + 1000) % 1000;
    const seconds = (time - milliseconds) / 1000;
    const { bytes } = this;
    const view = this.#view;
    if (seconds >= 0 && seconds < 0x1_0000_0000) {
      bytes[this.end++] = milliseconds === 0 ? 0xd6 : 0xd7;
      bytes[this.end++] = 0xff;
      if (milliseconds !== 0) {
        view.setUint32(this.end, milliseconds * 4_000_000);
        this.end += 4;
      }
      view.setUint32(this.end, seconds);
      this.end += 4;
      return;
    }
    bytes[this.end++] = 0xc7;
    bytes[this.end++] = 12;
    bytes[this.end++] = 0xff;
    view.setUint32(this.end, milliseconds * 1_000_000);
    view.setBigInt64(this.end + 4, BigInt(seconds));
    this.end += 12;
  }

  /** Writes text; false when it is not well-formed. The caller has reserved the bytes of its head. */
  #text(text: string): boolean {
    const { length } = text;
    const headBytes = length < 0x20 ? 1 : length < 0x100 ? 2 : length < 0x1_0000 ? 3 : 5;
    this.#reserve(5 + 3 * length);
    const start = this.end + headBytes;
    let written = length <= SHORT_TEXT ? this.#ascii(text, start) : -1;
    if (written < 0) {
      if (!text.isWellFormed()) return false;
      written = this.bytes.write(text, start);
    }
    const needed = written < 0x20 ? 1 : written < 0x100 ? 2 : written < 0x1_0000 ? 3 : 5;
    if (needed > headBytes) this.bytes.copyWithin(this.end + needed, start, start + written);
    if (needed === 1) this.bytes[this.end++] = 0xa0 | written;
    else if (needed === 2) {
      this.bytes[this.end++] = 0xd9;
      this.bytes[this.end++] = written;
    } else this.#head(written, 0, 0, 0xda);
    this.end += written;
    return true;
  }

  /** Writes text of ASCII characters; -1 when it has others. */
  #ascii(text: string, start: number): number {
    const { bytes } = this;
    const { length } = text;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) return -1;
      bytes[start + index] = code;
    }
    return length;
  }

  /** Makes sure that `count` more bytes can be written. */
  #reserve(count: number): void {
    if (this.end + count > this.bytes.length) this.#grow(this.end + count);
  }

  #grow(needed: number): void {
    if (needed > MOST_BYTES) checkSize(this.#type, needed);
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.end);
    this.#use(grown);
  }

  #use(bytes: Buffer): void {
    this.bytes = bytes;
    this.#view = viewOf(bytes);
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
