import type { Candles } from '../candles/candles.js';
import type { Markets } from '../candles/markets.js';

/** The candles from an index (of several markets on their clock) up to, and without, another, copied into a buffer of their own. */
export function windowOf(candles: Candles | Markets, from: number, to: number): Candles | Markets {
  return candles.part(from, to);
}
