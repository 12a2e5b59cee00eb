import { MAX_PAYLOAD_BYTES, MAX_PAYLOAD_DEPTH, MAX_PAYLOAD_VALUES } from '../limits.js';
import { checkSize, Problem, TOO_MANY_VALUES } from './payload-check.js';
import {
  badInstance,
  badKey,
  badType,
  DataKind,
  kindOf,
  LONE_SURROGATE,
  problemOfBigint,
  problemOfBytes,
  problemOfKeys,
  problemOfList,
  problemOfNumber,
  problemOfTime,
  timeOf,
} from './plain-data.js';
import type { ShapeIndex } from './shape-index.js';

/** Text and bytes beyond which a walk ends: the payload is far too large, whatever else is in it. */
const MOST_BYTES = 4 * MAX_PAYLOAD_BYTES;

/** Items that a list is given room for at once; one that says it has billions may have none. */
const TRUSTED_LENGTH = 1024;

/** The class that msgpackr knows, whatever fake timers put in the place of `Date` meanwhile. */
const OwnDate = Date;

/** Stands for -0 in what is packed: msgpackr would write 0. */
export class NegativeZero {}
const NEGATIVE_ZERO = new NegativeZero();

type Fields = Record<string, unknown>;

/**
 * Copies a payload to plain data of this realm, and refuses what would not come back from the log as it was. Each
 * value is read once, so what was checked is what is packed, even if a getter or a proxy gives something else the next
 * time. Of a payload with a known shape the copy is the list of its values, which the runtime makes in a fifth of the
 * time of an object.
 */
export class PlainCopier {
  /** The shape of what was copied last; then the copy is the list of its values. -1 when it has no known shape. */
  shape = -1;
  readonly #shapes: ShapeIndex;
  #type = '';
  #values = 0;
  #bytes = 0;

  constructor(shapes: ShapeIndex) {
    this.#shapes = shapes;
  }

  /**
   * @param type the event type that errors name.
   * @param asRecord whether to look for a known shape.
   * @throws Problem; PayloadTooLargeError; what a getter or a proxy throws.
   */
  copy(type: string, value: unknown, asRecord: boolean): unknown {
    this.shape = -1;
    this.#type = type;
    this.#values = 0;
    this.#bytes = 0;
    if (asRecord && typeof value === 'object' && value !== null && kindOf(value) === DataKind.Fields) {
      const keys = Object.keys(value);
      const shape = this.#shapes.find(keys);
      if (shape >= 0) {
        const values = this.#valuesOf(value, keys.length);
        this.shape = shape;
        return values;
      }
    }
    return this.#value(value, 0);
  }

  #value(value: unknown, depth: number): unknown {
    if (++this.#values > MAX_PAYLOAD_VALUES) throw new Problem(TOO_MANY_VALUES);
    switch (typeof value) {
      case 'string':
        if (!value.isWellFormed()) throw new Problem(LONE_SURROGATE);
        this.#count(value.length);
        return value;
      case 'number':
        if (value === 0) return Object.is(value, 0) ? value : NEGATIVE_ZERO;
        refuse(problemOfNumber(value));
        return value;
      case 'boolean':
      case 'undefined':
        return value;
      case 'object':
        return value === null ? value : this.#object(value, depth);
      case 'bigint':
        refuse(problemOfBigint(value));
        return value;
      default:
        throw new Problem(badType(value));
    }
  }

  #object(value: object, depth: number): unknown {
    if (depth >= MAX_PAYLOAD_DEPTH) throw new Problem(`deeper than ${MAX_PAYLOAD_DEPTH} levels, or a cycle`);
    switch (kindOf(value)) {
      case DataKind.Fields:
        return this.#fields(value as Fields, depth);
      case DataKind.List:
        return this.#list(value as readonly unknown[], depth);
      case DataKind.Time:
        refuse(problemOfTime(value));
        return new OwnDate(timeOf(value));
      case DataKind.Bytes:
        return this.#raw(value as Uint8Array);
      default:
        throw new Problem(badInstance(value));
    }
  }

  /** The values of fields whose keys are known. */
  #valuesOf(fields: object, count: number): unknown[] {
    const values: unknown[] = Object.values(fields);
    if (values.length !== count) throw new Problem('an object that changes while it is read');
    let characters = 0;
    for (let index = 0; index < count; index++) {
      const item = values[index];
      // The usual values need no more than this, and no call.
      if (typeof item === 'string') {
        if (!item.isWellFormed()) throw new Problem(LONE_SURROGATE);
        characters += item.length;
      } else if (typeof item === 'number' && item !== 0 && item - item === 0) continue;
      else if (typeof item !== 'boolean') values[index] = this.#value(item, 1);
    }
    this.#count(characters);
    refuse(problemOfKeys(fields, count));
    return values;
  }

  #fields(fields: Fields, depth: number): Fields {
    const copy = { ...fields };
    const keys = Object.keys(copy);
    for (const key of keys) {
      if (key === '__proto__' || !key.isWellFormed()) throw new Problem(badKey(key));
      this.#count(key.length);
      const item = copy[key];
      const own = this.#value(item, depth + 1);
      if (own !== item) copy[key] = own;
    }
    refuse(problemOfKeys(fields, keys.length));
    return copy;
  }

  #list(list: readonly unknown[], depth: number): unknown[] {
    const { length } = list;
    const copy = new Array<unknown>(Math.min(length, TRUSTED_LENGTH));
    for (let index = 0; index < length; index++) copy[index] = this.#value(list[index], depth + 1);
    refuse(problemOfList(list));
    if (list.length !== length) throw new Problem('an array that changes while it is read');
    return copy;
  }

  #raw(value: Uint8Array): Uint8Array {
    // The real length, whatever a field of that name says.
    const source = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    this.#count(source.length);
    const copy = source.slice();
    refuse(problemOfBytes(value, new Uint8Array(copy.buffer)));
    return copy;
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > MOST_BYTES) checkSize(this.#type, this.#bytes);
  }
}

function refuse(problem: string | undefined): void {
  if (problem !== undefined) throw new Problem(problem);
}
