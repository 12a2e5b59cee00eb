import { PayloadTooLargeError, UnsupportedPayloadError } from '../kernel/errors.js';
import { toError } from '../kernel/thrown.js';
import { MAX_PAYLOAD_BYTES, MAX_PAYLOAD_DEPTH, MAX_PAYLOAD_VALUES } from '../limits.js';
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
} from './plain-data.js';

/**
 * Refuses what would not come back from the log as it went in: functions, symbols, class instances, typed arrays,
 * cycles, NaN, lone surrogates, `__proto__` keys, holes in arrays. Plain objects, arrays, strings, finite numbers,
 * booleans, null, undefined, 64-bit bigints, valid Dates and Uint8Arrays pass, of any realm. What is encoded is checked
 * while it is copied (plain-copy.ts), with the same rules; this is for data that stays as it is, and for saying where a problem lies.
 *
 * @throws UnsupportedPayloadError whose `details.path` names the place.
 */
export function checkPayload(type: string, data: unknown): void {
  visited = 0;
  let problem: string | undefined;
  try {
    // The happy path builds no path strings; a second walk does, once something was found.
    problem = problemOf(data, 0);
  } catch (cause) {
    throw unreadable(type, cause);
  }
  if (problem !== undefined) throw unsupported(type, data, problem);
}

/** Metadata is spread into what is stored, and of an instance nothing would be left. @throws UnsupportedPayloadError */
export function checkMetadata(type: string, metadata: unknown): void {
  if (metadata === undefined || metadata === null) return;
  if (typeof metadata === 'object' && kindOf(metadata) === DataKind.Fields) return;
  throw new UnsupportedPayloadError(`Event '${type}': its metadata must be a plain object.`, {
    details: { type, path: 'u' },
  });
}

/** What a walk that found a problem ends with; its place is looked for afterwards. */
export class Problem {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A getter or a proxy of the caller's own threw. */
export function unreadable(type: string, cause: unknown): UnsupportedPayloadError {
  const message = `Event '${type}': the payload cannot be read: ${toError(cause).message}`;
  return new UnsupportedPayloadError(message, { cause, details: { type, path: '' } });
}

/** The error for a payload with a problem that was found without its place. */
export function unsupported(type: string, data: unknown, problem: string): UnsupportedPayloadError {
  visited = 0;
  let found: [string, string] | undefined;
  try {
    // What has too many values has them everywhere.
    if (problem !== TOO_MANY_VALUES) found = locate(data, '', 0);
  } catch (cause) {
    return unreadable(type, cause);
  }
  // A payload that changes while it is looked at may have lost its problem by now.
  const [path, what] = found ?? ['', problem];
  return new UnsupportedPayloadError(
    `Event '${type}'${path && `, field '${path}'`}: the payload holds ${what}.`,
    { details: { type, path } },
  );
}

export const TOO_MANY_VALUES = `more than ${MAX_PAYLOAD_VALUES} values`;

/** Values looked at for the running payload. A payload whose parts are shared many times over has no end. */
let visited = 0;

function problemOf(value: unknown, depth: number): string | undefined {
  if (++visited > MAX_PAYLOAD_VALUES) return TOO_MANY_VALUES;
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? undefined : LONE_SURROGATE;
    case 'number':
      return problemOfNumber(value);
    case 'boolean':
    case 'undefined':
      return undefined;
    case 'bigint':
      return problemOfBigint(value);
    case 'object':
      return value === null ? undefined : problemOfObject(value, depth);
    default:
      return badType(value);
  }
}

function problemOfObject(value: object, depth: number): string | undefined {
  if (depth >= MAX_PAYLOAD_DEPTH) return `deeper than ${MAX_PAYLOAD_DEPTH} levels, or a cycle`;
  switch (kindOf(value)) {
    case DataKind.Fields:
      return problemOfFields(value as Readonly<Record<string, unknown>>, depth);
    case DataKind.List:
      return problemOfItems(value as readonly unknown[], depth);
    case DataKind.Time:
      return problemOfTime(value);
    case DataKind.Bytes:
      return problemOfBytes(value as Uint8Array, Uint8Array.from(value as Uint8Array));
    default:
      return badInstance(value);
  }
}

function problemOfItems(list: readonly unknown[], depth: number): string | undefined {
  for (const item of list) {
    const problem = problemOf(item, depth + 1);
    if (problem !== undefined) return problem;
  }
  return problemOfList(list);
}

function problemOfFields(fields: Readonly<Record<string, unknown>>, depth: number): string | undefined {
  const keys = Object.keys(fields);
  for (const key of keys) {
    if (key === '__proto__' || !key.isWellFormed()) return badKey(key);
    const problem = problemOf(fields[key], depth + 1);
    if (problem !== undefined) return problem;
  }
  return problemOfKeys(fields, keys.length);
}

function locate(value: unknown, path: string, depth: number): [string, string] | undefined {
  if (typeof value === 'object' && value !== null && depth < MAX_PAYLOAD_DEPTH) {
    const kind = kindOf(value);
    const isNested = kind === DataKind.Fields || kind === DataKind.List;
    for (const [key, item] of isNested ? Object.entries(value) : []) {
      if (key === '__proto__') return [path, badKey(key)];
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
