import { StrategyMistakeError } from '../broker/strategy-mistake.js';
import type { Candles } from '../candles/candles.js';
import { INDICATOR_CACHE_BYTES } from '../runs/limits.js';
import type { Indicator } from './indicator.js';

/**
 * The indicator columns of one thread: each is computed once per set of candles and shared by all runs that ask for it,
 * which is where a sweep would spend its time. What was not asked for longest goes when they become too large.
 */
class ColumnCache {
  /** In the order of their last use. */
  readonly #columns = new Map<string, Float64Array>();
  readonly #candles: Candles;
  #bytes = 0;

  constructor(candles: Candles) {
    this.#candles = candles;
  }

  readonly column = (indicator: Indicator): Float64Array => {
    const { key } = indicator;
    const known = this.#columns.get(key);
    if (known !== undefined) {
      this.#columns.delete(key);
      this.#columns.set(key, known);
      return known;
    }
    const column = indicator.compute(this.#candles, this.column);
    if (!(column instanceof Float64Array) || column.length !== this.#candles.length) {
      throw new StrategyMistakeError(
        `The indicator '${key}' must return a Float64Array with a value for each candle.`,
      );
    }
    this.#columns.set(key, column);
    this.#bytes += column.byteLength;
    this.#makeRoom(key);
    return column;
  };

  #makeRoom(kept: string): void {
    for (const [key, column] of this.#columns) {
      if (this.#bytes <= INDICATOR_CACHE_BYTES) return;
      if (key === kept) continue;
      this.#columns.delete(key);
      this.#bytes -= column.byteLength;
    }
  }
}

const caches = new WeakMap<SharedArrayBuffer, ColumnCache>();

/** The column of an indicator over candles. */
export function columnOf(candles: Candles, indicator: Indicator): Float64Array {
  let cache = caches.get(candles.buffer);
  if (cache === undefined) {
    cache = new ColumnCache(candles);
    caches.set(candles.buffer, cache);
  }
  return cache.column(indicator);
}
