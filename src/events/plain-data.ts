import { isDeepStrictEqual, types } from 'node:util';

/** What an object is to the log. */
export enum DataKind {
  /** A class instance, a Map, a typed array of another kind, …: nothing that can be stored. */
  None = 0,
  Fields = 1,
  List = 2,
  Time = 3,
  Bytes = 4,
}

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 64n - 1n;

/** Lists up to this length are looked at by their keys, which is quicker for them than a comparison. */
const SHORT_LIST = 32;

/** What kind of plain data an object is, of this realm or of another. Subclasses are none: they would not come back. */
export function kindOf(value: object): DataKind {
  const prototype: object | null = Object.getPrototypeOf(value);
  if (Array.isArray(value)) {
    // Also in another realm `Array.prototype` is an array itself; the prototype of a subclass is not.
    return prototype !== null && Array.isArray(prototype) ? DataKind.List : DataKind.None;
  }
  if (prototype === Object.prototype) return DataKind.Fields;
  if (prototype === null) return isBare(value) ? DataKind.Fields : DataKind.None;
  if (types.isDate(value)) {
    // The Date of faked timers is a subclass that bears the name.
    const isTime = depthOf(prototype) === 2 || prototype.constructor.name === 'Date';
    return isTime ? DataKind.Time : DataKind.None;
  }
  if (types.isUint8Array(value)) {
    const isBytes = prototype === Buffer.prototype || depthOf(prototype) === 3;
    return isBytes ? DataKind.Bytes : DataKind.None;
  }
  const isRoot = Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf');
  return isRoot ? DataKind.Fields : DataKind.None;
}

/** Whether an object without a prototype is nothing but its fields: a Map or a Date that lost its own is still one. */
function isBare(value: object): boolean {
  const isOther =
    ArrayBuffer.isView(value) ||
    types.isAnyArrayBuffer(value) ||
    types.isDate(value) ||
    types.isMap(value) ||
    types.isSet(value) ||
    types.isRegExp(value) ||
    types.isPromise(value) ||
    types.isNativeError(value) ||
    types.isBoxedPrimitive(value);
  return !isOther;
}

/** Prototypes from this one to the end of its chain: a subclass has one more than what it extends. */
function depthOf(prototype: object): number {
  let depth = 0;
  for (let next: object | null = prototype; next !== null; next = Object.getPrototypeOf(next)) depth++;
  return depth;
}

/** What is wrong with a list besides its items: holes and fields of its own would not come back. */
export function problemOfList(list: readonly unknown[]): string | undefined {
  const isOwn = Object.getPrototypeOf(list) === Array.prototype;
  if (list.length > SHORT_LIST && isOwn) {
    for (let index = 0; index < list.length; index++) {
      if (list[index] === undefined && !Object.hasOwn(list, index)) return 'an array with holes';
    }
    return isDeepStrictEqual(list, Array.prototype.slice.call(list)) ? undefined : OWN_FIELDS;
  }
  const keys = Object.keys(list);
  if (keys.length < list.length) return 'an array with holes';
  const isDense = keys.length === list.length && (keys.length === 0 || keys.at(-1) === `${list.length - 1}`);
  return isDense && Object.getOwnPropertySymbols(list).length === 0 ? undefined : OWN_FIELDS;
}

const OWN_FIELDS = 'an array with fields of its own';

/** What is wrong with a Date. Its own fields would not come back. */
export function problemOfTime(value: object): string | undefined {
  if (Number.isNaN(timeOf(value))) return 'an invalid Date';
  return Reflect.ownKeys(value).length === 0 ? undefined : 'a Date with fields of its own';
}

/** The time of a Date of any realm, whatever its own fields say. */
export function timeOf(date: object): number {
  return Date.prototype.getTime.call(date);
}

/** What is wrong with bytes. `same` has the same bytes and nothing else. */
export function problemOfBytes(value: Uint8Array, same: Uint8Array): string | undefined {
  Object.setPrototypeOf(same, Object.getPrototypeOf(value));
  return isDeepStrictEqual(value, same) ? undefined : 'bytes with fields of their own';
}

export function problemOfNumber(value: number): string | undefined {
  return Number.isFinite(value) ? undefined : `${value}; use null, or a string`;
}

export function problemOfBigint(value: bigint): string | undefined {
  return value >= INT64_MIN && value <= INT64_MAX ? undefined : 'a bigint beyond 64 bits; use a string';
}

export const LONE_SURROGATE = 'a string with a lone surrogate, which UTF-8 cannot hold';

/** What is wrong with the keys of fields besides those that are enumerable texts: what hangs on others is not stored. */
export function problemOfKeys(fields: object, enumerable: number): string | undefined {
  // Two calls: `Reflect.ownKeys` knows both, and takes four times as long.
  if (Object.getOwnPropertySymbols(fields).length > 0) return 'an object with symbol keys';
  return Object.getOwnPropertyNames(fields).length === enumerable
    ? undefined
    : 'an object with fields that are not enumerable';
}

export function badKey(key: string): string {
  return `an object with the key ${JSON.stringify(key)}`;
}

export function badType(value: unknown): string {
  return `a ${typeof value}; payloads are data`;
}

export function badInstance(value: object): string {
  const name = (value as { readonly constructor?: { readonly name?: unknown } }).constructor?.name;
  return `an instance of ${typeof name === 'string' && name !== '' ? name : 'a class'}; payloads are plain data`;
}
