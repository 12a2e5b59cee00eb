import type { CandleFormat, Layout } from './formats.js';

interface Order {
  readonly format: CandleFormat;
  /** Widths that rows of this order have. */
  readonly widths: (width: number) => boolean;
  readonly prices: readonly [open: number, high: number, low: number, close: number];
  readonly volume: number;
}

const few = (width: number) => width >= 5 && width !== 8 && width <= 10;

/** What exchanges and libraries send without names; the time comes first in all. */
const ORDERS: readonly Order[] = [
  { format: 'binance', widths: (width) => width === 11 || width === 12, prices: [1, 2, 3, 4], volume: 5 },
  { format: 'ccxt', widths: few, prices: [1, 2, 3, 4], volume: 5 },
  { format: 'bitfinex', widths: few, prices: [1, 3, 4, 2], volume: 5 },
  { format: 'coinbase', widths: few, prices: [3, 2, 1, 4], volume: 5 },
  // The seventh column is the average price; volume comes after it.
  { format: 'kraken', widths: (width) => width === 8, prices: [1, 2, 3, 4], volume: 6 },
];

const ADVICE =
  "Say which it is ('ccxt': time, open, high, low, close, volume; 'bitfinex': time, open, close, high, low, volume; 'coinbase': time, low, high, open, close, volume), or name the columns, in CSV by a header";

/**
 * The order of columns without names: the one in which the high of every row is the highest of its prices, and the low
 * the lowest. Rows in which several orders give the same candle tell nothing.
 *
 * @param numberIn reads a cell.
 * @param isClock whether a cell is a time of day, which some put into a column of its own.
 * @param misfits part of the rows that may be no candles.
 * @returns what is wrong, as text, when no order fits, or several do and give other candles.
 */
export function columnOrder(
  rows: readonly (readonly string[])[],
  wanted: CandleFormat | undefined,
  numberIn: (cell: string) => number | undefined,
  isClock: (cell: string) => boolean,
  misfits: number,
): Layout | string {
  const [first = []] = rows;
  const hasClock = isClock(first[1] ?? '');
  const shift = hasClock ? 1 : 0;
  const width = first.length - shift;
  const candidates = ORDERS.filter(
    ({ format, widths }) => widths(width) && (wanted === undefined || wanted === format),
  );
  if (candidates.length === 0) {
    const what = wanted === undefined ? 'no known order of columns has' : `the order '${wanted}' has not`;
    return `the columns have no names, and ${what} ${first.length} cells. Name them, in CSV by a header such as 'timestamp,open,high,low,close,volume'`;
  }
  const pricesOf = ({ prices }: Order, row: readonly string[]) =>
    prices.map((column) => numberIn(row[column + shift] ?? '') ?? Number.NaN);
  const fitting = candidates.filter(
    (order) => rows.filter((row) => !isCandle(pricesOf(order, row))).length <= misfits * rows.length,
  );
  const [order] = fitting;
  if (!order) {
    return wanted === undefined
      ? `the columns have no names, and in no known order of columns are all rows candles. ${ADVICE}`
      : `the rows are no candles in the order '${wanted}'. ${ADVICE}`;
  }
  const isSame = (other: Order) =>
    rows.every((row) => String(pricesOf(other, row)) === String(pricesOf(order, row)));
  const rival = fitting.find((other) => !isSame(other));
  if (rival) return `the order of the columns could be '${order.format}' or '${rival.format}'. ${ADVICE}`;
  return {
    format: hasClock ? 'metatrader' : order.format,
    time: 0,
    clock: hasClock ? 1 : -1,
    prices: order.prices.map((column) => column + shift),
    volume: order.volume < width ? order.volume + shift : -1,
    funding: -1,
    width: first.length,
    stamps: 'open',
    zone: undefined,
  };
}

/** Rows that hold something else are left to the reader, which names their line. */
function isCandle([open = 0, high = 0, low = 0, close = 0]: readonly number[]): boolean {
  if ([open, high, low, close].some(Number.isNaN)) return true;
  return high >= Math.max(open, close) && low <= Math.min(open, close);
}
