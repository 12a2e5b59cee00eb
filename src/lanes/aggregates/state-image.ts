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
  const { frozen, same, count } = survey;
  return { frozen: count > 0 && frozen.length === count ? true : frozen, same };
}

/** Puts the marks of a state on what its bytes have given. */
export function marked(state: unknown, { frozen, same }: Marks): unknown {
  if (frozen !== true && frozen.length === 0 && same.length === 0) return state;
  return new Marking(frozen, same).of(state);
}

class Survey {
  readonly frozen: number[] = [];
  readonly same: number[] = [];
  count = 0;
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
    entry.size = ArrayBuffer.isView(value) ? value.byteLength : this.#fieldsOf(value, isFrozen);
    return entry.size;
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
  readonly #objects: object[] = [];
  #count = 0;

  constructor(frozen: Marks['frozen'], same: readonly number[]) {
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
    this.#objects[number] = value;
    if (!ArrayBuffer.isView(value)) {
      const fields = value as Record<string, unknown>;
      for (const name of Object.keys(fields)) {
        const own = fields[name];
        const placed = this.of(own);
        if (placed !== own) fields[name] = placed;
      }
    }
    if (this.#frozen?.has(number) !== false) Object.freeze(value);
    return value;
  }
}
