import { z } from 'zod';
import { InvalidOptionError } from '../faces/errors.js';

/**
 * Money, prices and quantities of a real account are **decimal text**: `'0.1'`, `'-12.50'`, `'95000000'`. A
 * double cannot hold 0.1, and a sum of a thousand of them is off by something that an accountant finds. Text
 * holds what the exchange wrote, digit for digit, and every decimal library reads it.
 *
 * One form only: an optional minus, no plus, no exponent, no leading zeros, digits on both sides of the
 * point, no minus zero. Zeros at the end are allowed, as exchanges send them: `'1.50'` says that there were
 * two places. It is other text than `'1.5'`, thus other bytes in a fingerprint.
 */

/**
 * Longest decimal text in characters. The 34 digits of IEEE 754 decimal128 fit with sign, point and leading
 * zeros, and so does any amount of money with 18 places.
 */
export const MAX_DECIMAL_LENGTH = 40;

const REFUSED_NUMBER =
  "expected decimal text such as '0.1', not a number: a double cannot hold most decimal fractions. " +
  "Pass on the exchange's text, or use decimalFromNumber";

function decimalKind(pattern: RegExp, form: string) {
  return z
    .string({ error: ({ input }) => (isNumeric(input) ? REFUSED_NUMBER : undefined) })
    .max(MAX_DECIMAL_LENGTH)
    .regex(pattern, `expected ${form}: no exponent, no leading zeros, digits on both sides of the point`);
}

function isNumeric(input: unknown): boolean {
  return typeof input === 'number' || typeof input === 'bigint';
}

/** Decimal text of any sign: profits, and fees, which are negative where a venue pays a rebate. */
export const decimal = decimalKind(/^(?!-0(\.0+)?$)-?(0|[1-9]\d*)(\.\d+)?$/, "decimal text such as '-12.5'");

/** Decimal text from 0 up: what remains of an order. */
export const decimalAmount = decimalKind(/^(0|[1-9]\d*)(\.\d+)?$/, "decimal text from '0' up");

/** Decimal text above 0: prices and quantities. */
export const decimalPositive = decimalKind(
  /^(?!0(\.0+)?$)(0|[1-9]\d*)(\.\d+)?$/,
  "decimal text above '0', such as '12.5'",
);

/**
 * The shortest decimal text that reads back as the same double, without an exponent: 1e-8 is `'0.00000001'`.
 * For exchanges that send JSON numbers: up to 15 significant digits it is what they wrote.
 *
 * @throws InvalidOptionError when the number is not finite, or its text longer than `MAX_DECIMAL_LENGTH`.
 */
export function decimalFromNumber(number: number): string {
  if (typeof number !== 'number' || !Number.isFinite(number)) {
    throw new InvalidOptionError(`${String(number)} has no decimal text; it must be a finite number.`);
  }
  const [digits = '', exponent] = String(number).split('e');
  if (exponent === undefined) return digits;
  const [whole = '', places = ''] = digits.split('.');
  const scale = places.length - Number(exponent);
  const units = BigInt(whole + places);
  return checkLength(scale <= 0 ? String(units * 10n ** BigInt(-scale)) : place(units, scale));
}

/**
 * Decimal text as a whole number of its smallest unit, for exact sums: `('1.5', 8)` is 150000000n.
 *
 * @param places Places after the point, 0 to 40.
 * @throws InvalidOptionError when the text is not decimal text, or has more places than that, zeros apart.
 */
export function decimalToUnits(text: string, places: number): bigint {
  checkPlaces(places);
  if (!decimal.safeParse(text).success) {
    throw new InvalidOptionError(`${JSON.stringify(text)} is not decimal text such as '-12.5'.`);
  }
  const [whole = '', after = ''] = text.split('.');
  if (/[1-9]/.test(after.slice(places))) {
    throw new InvalidOptionError(`${text} has more than ${places} places; its last digits would be lost.`);
  }
  return BigInt(whole + after.slice(0, places).padEnd(places, '0'));
}

/**
 * The decimal text of a whole number of smallest units, with exactly `places` places: `(150n, 2)` is `'1.50'`.
 *
 * @param places Places after the point, 0 to 40.
 * @throws InvalidOptionError when the text is longer than `MAX_DECIMAL_LENGTH`.
 */
export function decimalFromUnits(units: bigint, places: number): string {
  checkPlaces(places);
  return checkLength(place(units, places));
}

/** Puts the point before the last `places` digits. */
function place(units: bigint, places: number): string {
  const sign = units < 0n ? '-' : '';
  const digits = String(units < 0n ? -units : units).padStart(places + 1, '0');
  if (places === 0) return sign + digits;
  return `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

function checkPlaces(places: number): void {
  if (Number.isInteger(places) && places >= 0 && places <= MAX_DECIMAL_LENGTH) return;
  throw new InvalidOptionError(
    `places is ${places}; it must be a whole number from 0 to ${MAX_DECIMAL_LENGTH}.`,
  );
}

function checkLength(text: string): string {
  if (text.length <= MAX_DECIMAL_LENGTH) return text;
  throw new InvalidOptionError(
    `The decimal text ${text.slice(0, 12)}… has ${text.length} characters; the limit is ${MAX_DECIMAL_LENGTH}.`,
  );
}
