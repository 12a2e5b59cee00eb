import { Candles } from '../candles/candles.js';

/** The candles from an index up to, and without, another, copied into a buffer of their own. */
export function windowOf(candles: Candles, from: number, to: number): Candles {
  const part = Candles.allocate(to - from);
  for (const name of ['time', 'open', 'high', 'low', 'close', 'volume'] as const) {
    part[name].set(candles[name].subarray(from, to));
  }
  return part;
}
