import { InputError } from '../../faces/errors.js';

/** A column of numbers as an event holds it: see `packedColumn` of the trading events. */
export interface PackedNumbers {
  readonly unit: number;
  readonly order: number;
  readonly length: number;
  readonly data: string;
}

/** Bytes of the longest number: 2^54 in groups of 7 bits. */
const MOST_BYTES = 8;

/**
 * Packs numbers as differences of whole multiples of a unit. A curve that stands still takes next to nothing, and so
 * does with `order` 2 one that rises evenly, as times do.
 *
 * @param unit what the numbers are rounded to; below 1 a power of ten.
 */
export function packNumbers(values: ArrayLike<number>, unit: number, order: 1 | 2): PackedNumbers {
  const { length } = values;
  const bytes = Buffer.allocUnsafe((length + 1) * MOST_BYTES * 2);
  let end = 0;
  let zeros = 0;
  let before = 0;
  let step = 0;
  const put = (number: number) => {
    let rest = number;
    while (rest >= 128) {
      bytes[end++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    bytes[end++] = rest;
  };
  const putZeros = () => {
    if (zeros === 0) return;
    put(0);
    put(zeros - 1);
    zeros = 0;
  };
  for (let index = 0; index < length; index++) {
    const whole = wholeOf(values[index] as number, unit);
    const difference = whole - before;
    const number = order === 1 ? difference : difference - step;
    before = whole;
    step = difference;
    if (number === 0) {
      zeros++;
      continue;
    }
    putZeros();
    put(number < 0 ? -number * 2 - 1 : number * 2);
  }
  putZeros();
  return { unit, order, length, data: bytes.toString('base64', 0, end) };
}

/**
 * The numbers of a packed column, as `backtest.completed` and `backtest.data_loaded` hold them.
 *
 * @throws InputError when it is none.
 */
export function unpackColumn(packed: PackedNumbers): Float64Array {
  const { unit, order, length, data } = packed ?? {};
  const isUnit = typeof unit === 'number' && unit > 0 && unit < Number.POSITIVE_INFINITY;
  if (!isUnit || (order !== 1 && order !== 2) || typeof data !== 'string') throw unlike();
  const bytes = Buffer.from(data, 'base64');
  // A byte may stand for many zeros, but no column is longer than what made it.
  if (!(Number.isInteger(length) && length >= 0 && length <= MOST_VALUES)) throw broken();
  const values = new Float64Array(length);
  let at = 0;
  let zeros = 0;
  let whole = 0;
  let step = 0;
  const take = (): number => {
    let number = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || factor > 2 ** 56) throw broken();
      number += (byte % 128) * factor;
      if (byte < 128) return number;
    }
  };
  for (let index = 0; index < length; index++) {
    let number = 0;
    if (zeros > 0) zeros--;
    else {
      number = take();
      if (number === 0) zeros = take();
    }
    const signed = number % 2 === 1 ? -(number + 1) / 2 : number / 2;
    step = order === 1 ? signed : step + signed;
    whole += step;
    values[index] = unit >= 1 ? whole * unit : whole / Math.round(1 / unit);
  }
  if (at !== bytes.length || zeros !== 0) throw broken();
  return values;
}

/** No event holds a longer one: see `CURVE_POINTS`. */
const MOST_VALUES = 1_000_000;

function wholeOf(value: number, unit: number): number {
  return Math.round(unit >= 1 ? value / unit : value * Math.round(1 / unit));
}

function unlike(): InputError {
  return new InputError(
    'This is no packed column: it has a unit above 0, an order of 1 or 2, a length, and data as a text.',
  );
}

function broken(): InputError {
  return new InputError('This is no packed column: it ends too early, or too late.');
}
