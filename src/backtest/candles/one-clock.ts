import { InputError } from '../../faces/errors.js';
import { checkCandles, checkObject } from '../given.js';
import type { Candles } from './candles.js';
import { parseTimeframe, timeframeOf } from './timeframe.js';

/** Several markets on one clock. */
export interface OneClock {
  /** The moments at which a candle of some market ends, each one once, rising. */
  readonly time: Float64Array;
  /**
   * For each market and moment, the last candle that has ended by then; -1 before its first. A market that is silent keeps
   * its last candle: compare with the moment before to see whether a new one came.
   */
  readonly closed: Readonly<Record<string, Int32Array>>;
}

/**
 * Puts the candles of several markets on one clock, of whatever timeframes they are. Only what has ended is seen.
 *
 * @throws InputError when there is no market, or one has a single candle, so that its length is not known. InvalidOptionError
 * for what are no candles.
 */
export function onOneClock(markets: Readonly<Record<string, Candles>>): OneClock {
  checkObject('onOneClock', 'markets', markets, 'an object of Candles by market');
  for (const [name, candles] of Object.entries(markets))
    checkCandles(`onOneClock, market '${name}'`, candles);
  const all = Object.entries(markets).map(([name, candles]) => ({ name, ends: endsOf(name, candles) }));
  if (all.length === 0) throw new InputError('No market: pass the candles of at least one.');
  const time = Float64Array.from(new Set(all.flatMap(({ ends }) => [...ends]))).sort();
  const closed = all.map(({ name, ends }) => [name, lastEnded(time, ends)] as const);
  return { time, closed: Object.fromEntries(closed) };
}

function endsOf(name: string, candles: Candles): Float64Array {
  const timeframe = timeframeOf(candles);
  if (timeframe === 'unknown') {
    throw new InputError(`The market '${name}' has a single candle, whose length nothing tells.`);
  }
  return candles.time.map(parseTimeframe(timeframe).endOf);
}

function lastEnded(time: Float64Array, ends: Float64Array): Int32Array {
  let last = -1;
  return Int32Array.from(time, (now) => {
    while (last + 1 < ends.length && (ends[last + 1] as number) <= now) last++;
    return last;
  });
}
