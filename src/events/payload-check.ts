import { MAX_PAYLOAD_BYTES, MAX_PAYLOAD_DEPTH, MAX_PAYLOAD_VALUES } from '../limits.js';
import { PayloadTooLargeError, UnsupportedPayloadError } from './errors.js';
import { messageOf } from './thrown.js';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 64n - 1n;

/**
 * Refuses what would not come back from the log as it went in: functions, symbols, class instances, cycles,
 * NaN, lone surrogates, `__proto__` keys. Plain objects, arrays, strings, finite numbers, booleans, null,
 * undefined, 64-bit bigints, valid Dates and Uint8Arrays pass.
 *
 * @throws UnsupportedPayloadError whose `details.path` names the place.
 */
export function checkPayload(type: string, data: unknown): void {
  visited = 0;
  let found: UnsupportedPayloadError | undefined;
  try {
    // The happy path builds no path strings; a second walk does, once something was found.
    if (problemOf(data, 0) !== undefined) found = describeProblem(type, data);
  } catch (cause) {
    // A getter or a proxy of the caller's own.
    const message = `Event '${type}': the payload cannot be read: ${messageOf(cause)}`;
    found = new UnsupportedPayloadError(message, { cause, details: { type, path: '' } });
  }
  if (found) throw found;
}

/** Values looked at for the running payload. A payload whose parts are shared many times over has no end. */
let visited = 0;

function problemOf(value: unknown, depth: number): string | undefined {
  if (++visited > MAX_PAYLOAD_VALUES) return `more than ${MAX_PAYLOAD_VALUES} values`;
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? undefined : 'a string with a lone surrogate, which UTF-8 cannot hold';
    case 'number':
      return Number.isFinite(value) ? undefined : `${value}; use null, or a string`;
    case 'boolean':
    case 'undefined':
      return undefined;
    case 'bigint':
      return value >= INT64_MIN && value <= INT64_MAX ? undefined : 'a bigint beyond 64 bits; use a string';
    case 'object':
      return value === null ? undefined : problemOfObject(value, depth);
    default:
      return `a ${typeof value}; payloads are data`;
  }
}

function problemOfObject(value: object, depth: number): string | undefined {
  if (depth >= MAX_PAYLOAD_DEPTH) return `deeper than ${MAX_PAYLOAD_DEPTH} levels, or a cycle`;
  if (Array.isArray(value)) {
    if (value.constructor?.name !== 'Array') return problemOfInstance(value);
    for (const item of value) {
      const problem = problemOf(item, depth + 1);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  if (!isPlain(value)) return problemOfInstance(value);
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return 'an object with a toJSON method';
  for (const key in value) {
    const problem =
      key === '__proto__' || !key.isWellFormed()
        ? `an object with the key ${JSON.stringify(key)}`
        : problemOf((value as Record<string, unknown>)[key], depth + 1);
    if (problem !== undefined) return problem;
  }
  return Object.getOwnPropertySymbols(value).length > 0 ? 'an object with symbol keys' : undefined;
}

/** Whether a value is a plain object, of this realm or another. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function problemOfInstance(value: object): string | undefined {
  if (value instanceof Date && value.constructor.name === 'Date')
    return Number.isNaN(value.getTime()) ? 'an invalid Date' : undefined;
  if (value.constructor === Uint8Array || value instanceof Buffer) return undefined;
  return `an instance of ${value.constructor?.name || 'a class'}; payloads are plain data`;
}

function describeProblem(type: string, data: unknown): UnsupportedPayloadError {
  visited = 0;
  const [path, problem] = locate(data, '', 0) ?? ['', 'data that cannot be stored'];
  return new UnsupportedPayloadError(
    `Event '${type}'${path && `, field '${path}'`}: the payload holds ${problem}.`,
    { details: { type, path } },
  );
}

function locate(value: unknown, path: string, depth: number): [string, string] | undefined {
  if (typeof value === 'object' && value !== null && depth < MAX_PAYLOAD_DEPTH) {
    const plain = Array.isArray(value) || isPlain(value);
    for (const [key, item] of plain ? Object.entries(value) : []) {
      if (key === '__proto__') return [path, 'an object with the key "__proto__"'];
      const found = locate(item, path === '' ? key : `${path}.${key}`, depth + 1);
      if (found) return found;
    }
  }
  const problem = problemOf(value, depth);
  return problem === undefined ? undefined : [path, problem];
}

/** @throws PayloadTooLargeError when the encoded payload and metadata of an event are above the limit. */
export function checkSize(type: string, bytes: number): void {
  if (bytes <= MAX_PAYLOAD_BYTES) return;
  throw new PayloadTooLargeError(
    `Event '${type}': its payload takes ${bytes} bytes, the limit is ${MAX_PAYLOAD_BYTES}. Store large data elsewhere and its address here.`,
    { details: { type, bytes } },
  );
}
