import { InputError, InvalidOptionError } from '../../faces/errors.js';
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
 * @throws InvalidOptionError for a text that is no timeframe, and for what are no trades: the message names the index of
 * the one that is wrong. InputError when there is no trade.
 */
export function candlesFromTrades(trades: Trades, timeframe: string): Candles {
  const { startOf } = parseTimeframe(timeframe);
  checkTrades('candlesFromTrades', trades);
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

/**
 * Trades are columns that anybody can make; those of a file were checked when they were read.
 *
 * @param of the call, as the error names it.
 * @throws InvalidOptionError for what are no trades: columns that are none or of another length, a price that is not above 0,
 * a quantity below 0, a time before the one of the trade before; the message names the index. InputError when there is none.
 */
export function checkTrades(of: string, trades: unknown): asserts trades is Trades {
  checkObject(of, 'trades', trades, 'trades, as readTrades returns them');
  const { time, price, quantity, length } = trades as Trades;
  checkColumns(of, { time, price, quantity });
  if (![time, price, quantity].every((column) => column.length === length)) {
    throw new InvalidOptionError(`${of}: 'length' is ${String(length)}; it must be that of the columns.`);
  }
  if (length === 0) throw new InputError('No trades: there must be at least one.');
  for (let at = 0; at < length; at++) {
    const wrong = faultOf(time[at] as number, time[at - 1] ?? 0, price[at] as number, quantity[at] as number);
    if (wrong === undefined) continue;
    throw new InvalidOptionError(`${of}: of trade ${at} ${wrong}.`, { details: { index: at } });
  }
}

/** What is wrong with one trade. Negated, so that NaN is wrong. */
function faultOf(time: number, before: number, price: number, quantity: number): string | undefined {
  if (!(price > 0 && price < Number.POSITIVE_INFINITY)) {
    return `the price is ${price}; it must be a finite number above 0`;
  }
  if (!(quantity >= 0 && quantity < Number.POSITIVE_INFINITY)) {
    return `the quantity is ${quantity}; it must be a finite number from 0 up`;
  }
  if (time >= before && time < Number.POSITIVE_INFINITY) return undefined;
  return `the time is ${time}; times must be finite, and go from old to new`;
}
