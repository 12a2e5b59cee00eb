import type { Extent } from './scale.js';

/** Bars whose least and most are kept together: a chart of a million bars looks at some thousands of blocks, not at all. */
const BLOCK = 64;

interface Blocks {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

const known = new WeakMap<Float64Array, Blocks>();

/** Least and most of some bars, both ends included; undefined where none has a value. NaN is no value. */
export function extremesOf(values: Float64Array, from: number, to: number): Extent | undefined {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  const blocks = to - from > 2 * BLOCK ? blocksOf(values) : undefined;
  for (let bar = from; bar <= to; ) {
    const block = bar / BLOCK;
    const isWhole = blocks !== undefined && Number.isInteger(block) && bar + BLOCK - 1 <= to;
    const least = (isWhole ? blocks.low[block] : values[bar]) as number;
    const most = (isWhole ? blocks.high[block] : values[bar]) as number;
    if (least < low) low = least;
    if (most > high) high = most;
    bar += isWhole ? BLOCK : 1;
  }
  return low <= high ? { low, high } : undefined;
}

/** Made when it is first asked for; the columns of a page do not change. */
function blocksOf(values: Float64Array): Blocks {
  const before = known.get(values);
  if (before) return before;
  const count = Math.ceil(values.length / BLOCK);
  const blocks = {
    low: new Float64Array(count).fill(Number.POSITIVE_INFINITY),
    high: new Float64Array(count).fill(Number.NEGATIVE_INFINITY),
  };
  for (let bar = 0; bar < values.length; bar++) {
    const block = Math.floor(bar / BLOCK);
    const value = values[bar] as number;
    if (value < (blocks.low[block] as number)) blocks.low[block] = value;
    if (value > (blocks.high[block] as number)) blocks.high[block] = value;
  }
  known.set(values, blocks);
  return blocks;
}
