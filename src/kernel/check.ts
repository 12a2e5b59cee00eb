import { InvalidOptionError } from './errors.js';
import { shown } from './thrown.js';

/** Whether a value is a whole number of a range. */
export function isWhole(value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

/**
 * The value, when it is a whole number of a range.
 *
 * @param of the call that takes it, as the error says it.
 * @throws InvalidOptionError
 */
export function checkWhole(
  of: string,
  name: string,
  value: number,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): number {
  if (isWhole(value, least, most)) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  throw new InvalidOptionError(`${of}: ${name} is ${shown(value)}; it must be a whole number ${range}.`);
}

/**
 * The value, when it is a text. A call that takes it as an argument may not take `undefined` for "all of them".
 *
 * @param of the call that takes it, as the error says it.
 * @throws InvalidOptionError
 */
export function checkText(of: string, name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw new InvalidOptionError(`${of}: ${name} is ${shown(value)}; it must be a text.`);
}

/**
 * Whether it is a text that comes back from a store as it went in: not empty, at most so many bytes of UTF-8, and without
 * half a character, which UTF-8 cannot hold.
 */
export function isStorable(value: unknown, mostBytes: number): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.length <= mostBytes &&
    value.isWellFormed() &&
    Buffer.byteLength(value) <= mostBytes
  );
}

/**
 * The value, when it is a function.
 *
 * @param of the call that takes it, as the error says it.
 * @throws InvalidOptionError
 */
export function checkFunction<Given>(of: string, name: string, value: Given): Given {
  if (typeof value === 'function') return value;
  throw new InvalidOptionError(`${of}: ${name} must be a function; it is ${shown(value)}.`);
}
