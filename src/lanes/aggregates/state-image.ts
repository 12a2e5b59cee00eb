import { types } from 'node:util';
import { MAX_STATE_BYTES } from '../states/limits.js';

/**
 * What the bytes of a state do not say of its objects, by their numbers in the order of a walk through it: `evolve` would
 * see it.
 */
export interface Marks {
  /** Those that are frozen; true: all of them. */
  readonly frozen: true | readonly number[];
  /** In pairs: an object, and the earlier one that it is. */
  readonly same: readonly number[];
  /** Those that are a `Uint8Array`, which bytes do not tell from a Buffer. Left out by whom knew none. */
  readonly bytes?: readonly number[];
}

/** Why a state cannot be saved as it is, in words that go on from 'its state'. */
export class Unfit extends Error {
  readonly isTooLarge: boolean;

  constructor(text: string, isTooLarge = false) {
    super(text);
    this.isTooLarge = isTooLarge;
  }
}

/** Looks through a state. @throws Unfit; RangeError when it is deeper than the stack. */
export function marksOf(state: unknown): Marks {
  const survey = new Survey();
  // An object that is in many places is many times in the bytes: it is reckoned before it is written.
  if (survey.sizeOf(state) > MAX_STATE_BYTES)
    throw new Unfit(`takes more than ${MAX_STATE_BYTES} bytes`, true);
  survey.checkViews();
  const { frozen, same, bytes, count } = survey;
  return { frozen: count > 0 && frozen.length === count ? true : frozen, same, bytes };
}

/** Puts the marks of a state on what its bytes have given. */
export function marked(state: unknown, marks: Marks): unknown {
  const { frozen, same, bytes = [] } = marks;
  if (frozen !== true && frozen.length + same.length + bytes.length === 0) return state;
  return new Marking(marks).of(state);
}

class Survey {
  readonly frozen: number[] = [];
  readonly same: number[] = [];
  readonly bytes: number[] = [];
  count = 0;
  readonly #views = new Map<ArrayBufferLike, Uint8Array[]>();
  /** Each object's number, and the bytes that it takes at least; undefined while it is being looked through. */
  readonly #seen = new Map<object, { readonly number: number; size: number | undefined }>();

  /** Bytes that a value takes at least. */
  sizeOf(value: unknown): number {
    if (typeof value === 'string') return value.length + 1;
    if (typeof value !== 'object' || value === null) return 1;
    const number = this.count++;
    const known = this.#seen.get(value);
    if (known) {
      if (known.size === undefined) throw new Unfit('holds itself');
      this.same.push(number, known.number);
      if (Object.isFrozen(value)) this.frozen.push(number);
      return known.size;
    }
    const entry = { number, size: undefined as number | undefined };
    this.#seen.set(value, entry);
    if (types.isProxy(value)) throw new Unfit('is or holds a proxy');
    const isFrozen = Object.isFrozen(value);
    if (isFrozen) this.frozen.push(number);
    else if (!Object.isExtensible(value)) throw new Unfit('holds an object that is sealed and not frozen');
    entry.size = ArrayBuffer.isView(value) ? this.#viewOf(value, number) : this.#fieldsOf(value, isFrozen);
    return entry.size;
  }

  /** Who writes to bytes that are in two places at once writes to both; of a copy of each only to one. */
  checkViews(): void {
    for (const views of this.#views.values()) {
      views.sort((a, b) => a.byteOffset - b.byteOffset);
      let end = 0;
      for (const { byteOffset, byteLength } of views) {
        if (byteOffset < end) throw new Unfit('holds the same bytes in two arrays');
        end = Math.max(end, byteOffset + byteLength);
      }
    }
  }

  #viewOf(value: ArrayBufferView, number: number): number {
    const { buffer, byteLength } = value;
    // The codec refuses all others.
    if (!types.isUint8Array(value)) return byteLength;
    if (types.isSharedArrayBuffer(buffer)) throw new Unfit('holds bytes that threads share');
    if (buffer.resizable) throw new Unfit('holds bytes of a length that changes');
    if (Object.getPrototypeOf(value) === Uint8Array.prototype) {
      // Of a Buffer this says nothing: small ones are a part of one memory for all.
      if (byteLength !== buffer.byteLength)
        throw new Unfit('holds a part of other bytes, which slice() would copy');
      this.bytes.push(number);
    }
    const views = this.#views.get(buffer);
    if (views) views.push(value);
    else this.#views.set(buffer, [value]);
    return byteLength;
  }

  #fieldsOf(value: object, isFrozen: boolean): number {
    let size = 1;
    const isList = Array.isArray(value);
    for (const name of Object.keys(value)) {
      const field = Object.getOwnPropertyDescriptor(value, name) as PropertyDescriptor;
      const isPlain =
        'value' in field && (isFrozen || (field.writable === true && field.configurable === true));
      if (!isPlain) throw new Unfit(`has a field '${name}' that is no plain field`);
      size += (isList ? 0 : name.length + 1) + this.sizeOf(field.value);
    }
    return size;
  }
}

class Marking {
  readonly #frozen: ReadonlySet<number> | undefined;
  readonly #same = new Map<number, number>();
  readonly #bytes: ReadonlySet<number>;
  readonly #objects: object[] = [];
  #count = 0;

  constructor({ frozen, same, bytes }: Marks) {
    this.#bytes = new Set(bytes);
    this.#frozen = frozen === true ? undefined : new Set(frozen);
    for (let index = 0; index < same.length; index += 2) {
      this.#same.set(same[index] as number, same[index + 1] as number);
    }
  }

  of(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const number = this.#count++;
    const earlier = this.#same.get(number);
    if (earlier !== undefined) return this.#objects[earlier];
    const placed = this.#placed(value, number);
    if (this.#frozen?.has(number) !== false) Object.freeze(placed);
    return placed;
  }

  #placed(value: object, number: number): object {
    const isBytes = ArrayBuffer.isView(value);
    const object = isBytes && this.#bytes.has(number) ? new Uint8Array(value as Uint8Array) : value;
    this.#objects[number] = object;
    if (isBytes) return object;
    const fields = value as Record<string, unknown>;
    for (const name of Object.keys(fields)) {
      const own = fields[name];
      const placed = this.of(own);
      if (placed !== own) fields[name] = placed;
    }
    return object;
  }
}
