import type { Candles } from '../candles/candles.js';

/** The candles from an index up to, and without, another, copied into a buffer of their own. */
export function windowOf(candles: Candles, from: number, to: number): Candles {
  return candles.part(from, to);
}
