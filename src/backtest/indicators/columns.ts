import { WilderRsi } from './rsi.js';

// Each takes a whole column and returns one of the same length, NaN where there is no value yet. The value at an index
// depends on that index and those before it only, by the same operations in the same order, whatever comes after.

/** The plain average of the last `length` values. */
export function sma(values: Float64Array, length: number): Float64Array {
  const out = blank(values);
  let sum = 0;
  for (let index = 0; index < values.length; index++) {
    sum += values[index] as number;
    if (index >= length) sum -= values[index - length] as number;
    if (index >= length - 1) out[index] = sum / length;
  }
  return out;
}

/** Exponential average with the factor 2 / (length + 1); starts from the plain average of the first `length` values. */
export function ema(values: Float64Array, length: number): Float64Array {
  return smoothed(values, length, 2 / (length + 1));
}

/** Wilder's average: the factor is 1 / length. */
export function wilder(values: Float64Array, length: number): Float64Array {
  return smoothed(values, length, 1 / length);
}

function smoothed(values: Float64Array, length: number, factor: number): Float64Array {
  const out = blank(values);
  let first = 0;
  while (first < values.length && Number.isNaN(values[first])) first++;
  let sum = 0;
  let average = 0;
  for (let index = first; index < values.length; index++) {
    const value = values[index] as number;
    if (index < first + length) {
      sum += value;
      average = sum / length;
    } else {
      average += (value - average) * factor;
    }
    if (index >= first + length - 1) out[index] = average;
  }
  return out;
}

/** Weighted average: the newest of `length` values counts `length` times, the oldest once. */
export function wma(values: Float64Array, length: number): Float64Array {
  const out = blank(values);
  const weights = (length * (length + 1)) / 2;
  for (let index = length - 1; index < values.length; index++) {
    let sum = 0;
    for (let back = 0; back < length; back++) sum += (values[index - back] as number) * (length - back);
    out[index] = sum / weights;
  }
  return out;
}

/** Deviation of the last `length` values from their average, over n. */
export function deviation(values: Float64Array, length: number): Float64Array {
  const out = blank(values);
  for (let index = length - 1; index < values.length; index++) {
    let sum = 0;
    for (let back = 0; back < length; back++) sum += values[index - back] as number;
    const mean = sum / length;
    let squares = 0;
    for (let back = 0; back < length; back++) {
      const distance = (values[index - back] as number) - mean;
      squares += distance * distance;
    }
    out[index] = Math.sqrt(squares / length);
  }
  return out;
}

/** Wilder's relative strength index, 0 to 100. */
export function rsi(values: Float64Array, length: number): Float64Array {
  const out = new Float64Array(values.length);
  const indicator = new WilderRsi(length);
  for (let index = 0; index < values.length; index++) out[index] = indicator.next(values[index] as number);
  return out;
}

/** The largest of the last `length` values. */
export function highest(values: Float64Array, length: number): Float64Array {
  return extreme(values, length, (a, b) => a >= b);
}

/** The smallest of the last `length` values. */
export function lowest(values: Float64Array, length: number): Float64Array {
  return extreme(values, length, (a, b) => a <= b);
}

/** Keeps the indexes of those that may still become the extreme one, the extreme one first. */
function extreme(
  values: Float64Array,
  length: number,
  beats: (a: number, b: number) => boolean,
): Float64Array {
  const out = blank(values);
  const queue = new Int32Array(values.length);
  let head = 0;
  let tail = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    while (tail > head && beats(value, values[queue[tail - 1] as number] as number)) tail--;
    queue[tail++] = index;
    if ((queue[head] as number) <= index - length) head++;
    if (index >= length - 1) out[index] = values[queue[head] as number] as number;
  }
  return out;
}

/** Change over `length` candles as a fraction: 0.05 is five percent up. */
export function change(values: Float64Array, length: number): Float64Array {
  const out = blank(values);
  for (let index = length; index < values.length; index++) {
    out[index] = (values[index] as number) / (values[index - length] as number) - 1;
  }
  return out;
}

/** How far the market moved in each candle, gaps included; the first has no candle before it. */
export function trueRange(high: Float64Array, low: Float64Array, close: Float64Array): Float64Array {
  const out = blank(close);
  for (let index = 1; index < close.length; index++) {
    const before = close[index - 1] as number;
    const top = high[index] as number;
    const bottom = low[index] as number;
    out[index] = Math.max(top - bottom, Math.abs(top - before), Math.abs(bottom - before));
  }
  return out;
}

/** Where the close lies between the lowest low and the highest high of `length` candles, 0 to 100; 50 where these are equal. */
export function stochastic(
  high: Float64Array,
  low: Float64Array,
  close: Float64Array,
  length: number,
): Float64Array {
  const top = highest(high, length);
  const bottom = lowest(low, length);
  return close.map((value, index) => {
    const span = (top[index] as number) - (bottom[index] as number);
    return span === 0 ? 50 : ((value - (bottom[index] as number)) / span) * 100;
  });
}

/** One column minus, or plus a multiple of, another. */
export function combined(first: Float64Array, second: Float64Array, factor: number): Float64Array {
  return first.map((value, index) => value + factor * (second[index] as number));
}

function blank(values: Float64Array): Float64Array {
  return new Float64Array(values.length).fill(Number.NaN);
}
