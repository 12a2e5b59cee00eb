/**
 * A copy of what a caller passed, for events that wait: what was passed at the call is what is stored and delivered,
 * whatever becomes of the caller's objects meanwhile. Data is copied: plain objects, arrays, dates, bytes, maps and
 * sets, parts that occur twice once only. What is no data (class instances, functions, proxies that throw) stays as
 * it is: it is refused later, or is the business of whoever published it unchecked.
 */
export function snapshotOf<Value>(value: Value): Value {
  return copy(value, undefined) as Value;
}

type Copies = Map<object, unknown>;

function copy(value: unknown, copies: Copies | undefined): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const known = copies?.get(value);
  if (known !== undefined) return known;
  try {
    return copyObject(value, copies ?? new Map());
  } catch {
    // A getter or a proxy of the caller's own; whoever reads it next meets the same error and reports it.
    return value;
  }
}

function copyObject(value: object, copies: Copies): unknown {
  if (Array.isArray(value)) return isOrdinary(value) ? copyArray(value, copies) : value;
  if (ArrayBuffer.isView(value) || value instanceof Date) return copyLeaf(value, copies);
  if (value instanceof Map && value.constructor === Map) return copyMap(value, copies);
  if (value instanceof Set && value.constructor === Set) return copySet(value, copies);
  return isPlain(value) ? copyPlain(value, copies) : value;
}

function copyPlain(value: object, copies: Copies): object {
  const twin: Record<PropertyKey, unknown> = { ...value };
  copies.set(value, twin);
  for (const key of Object.keys(twin)) {
    const item = twin[key];
    // A key `__proto__` is refused by whoever checks the payload, and must not be written here.
    if (typeof item === 'object' && item !== null && key !== '__proto__') twin[key] = copy(item, copies);
  }
  return twin;
}

function copyArray(value: readonly unknown[], copies: Copies): unknown[] {
  const twin = value.slice();
  copies.set(value, twin);
  for (let index = 0; index < twin.length; index++) {
    const item = twin[index];
    if (typeof item === 'object' && item !== null) twin[index] = copy(item, copies);
  }
  return twin;
}

function copyMap(value: ReadonlyMap<unknown, unknown>, copies: Copies): Map<unknown, unknown> {
  const twin = new Map<unknown, unknown>();
  copies.set(value, twin);
  for (const [key, item] of value) twin.set(copy(key, copies), copy(item, copies));
  return twin;
}

function copySet(value: ReadonlySet<unknown>, copies: Copies): Set<unknown> {
  const twin = new Set<unknown>();
  copies.set(value, twin);
  for (const item of value) twin.add(copy(item, copies));
  return twin;
}

function copyLeaf(value: ArrayBufferView | Date, copies: Copies): unknown {
  let twin: unknown = value;
  if (Buffer.isBuffer(value)) twin = Buffer.from(value);
  else if (value.constructor === Date || isTypedArray(value)) twin = structuredClone(value);
  copies.set(value, twin);
  return twin;
}

function isTypedArray(value: object): boolean {
  return ArrayBuffer.isView(value) && value.constructor.name.endsWith('Array');
}

/** Whether an array has nothing but its items. */
function isOrdinary(value: readonly unknown[]): boolean {
  return value.constructor?.name === 'Array' && Object.keys(value).length === value.length;
}

/** Whether a value is a plain object, of this realm or another. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
