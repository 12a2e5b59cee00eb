import { InputError, InvalidOptionError } from '../../faces/errors.js';
import { isWhole } from '../../kernel/check.js';
import { checkColumns, checkObject } from '../given.js';
import { Candles } from './candles.js';
import { parseTimeframe } from './timeframe.js';

/** Single trades as columns, from old to new. */
export interface Trades {
  readonly length: number;
  /** Epoch milliseconds at which the trade was made. */
  readonly time: Float64Array;
  readonly price: Float64Array;
  readonly quantity: Float64Array;
  /** 1: the buyer's order was in the book, so that a seller made the trade. 0: the other way round. 2: not known. */
  readonly buyerIsMaker: Uint8Array;
}

/**
 * Candles of any length from trades: `250ms`, `1s`, `5m`, `1d`. A time in which nothing was traded has no candle. The
 * first and the last may be of a part of their time.
 *
 * @throws InvalidOptionError for what are no trades, and a text that is no timeframe. InputError when there is no trade.
 */
export function candlesFromTrades(trades: Trades, timeframe: string): Candles {
  const { startOf } = parseTimeframe(timeframe);
  checkObject('candlesFromTrades', 'trades', trades, 'trades, as readTrades returns them');
  const { time, price, quantity, length } = trades;
  checkColumns('candlesFromTrades', { time, price, quantity });
  if (!isWhole(length, 0, Math.min(time.length, price.length, quantity.length))) {
    throw new InvalidOptionError(
      `candlesFromTrades: 'length' is ${String(length)}; it must be that of the columns.`,
    );
  }
  if (trades.length === 0) throw new InputError('No trades: there must be at least one.');
  const starts = trades.time.map(startOf);
  const count = starts.reduce((sum, start, row) => sum + (row === 0 || start !== starts[row - 1] ? 1 : 0), 0);
  const candles = Candles.allocate(count);
  let at = -1;
  for (let row = 0; row < trades.length; row++) {
    const price = trades.price[row] as number;
    if (row === 0 || starts[row] !== starts[row - 1]) {
      at++;
      candles.time[at] = starts[row] as number;
      for (const name of ['open', 'high', 'low'] as const) candles[name][at] = price;
    }
    candles.high[at] = Math.max(candles.high[at] as number, price);
    candles.low[at] = Math.min(candles.low[at] as number, price);
    candles.close[at] = price;
    candles.volume[at] = (candles.volume[at] as number) + (trades.quantity[row] as number);
  }
  return candles;
}
