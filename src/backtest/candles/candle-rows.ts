import { InputError } from '../../faces/errors.js';
import { checkRows } from '../given.js';
import { type CandleRow, Candles } from './candles.js';

/** Largest time that a JavaScript Date can hold, in milliseconds. */
const MAX_TIME = 8.64e15;

/** Exchanges cap it at a few percent; more is a percentage, or another column. */
const MAX_FUNDING = 1;

/** Times of 2025 in microseconds would be in the year 56971, and in nanoseconds no Date at all. */
const MAX_YEAR = 9999;

/** What is wrong with a candle by itself, or undefined. */
export function candleFault(row: CandleRow): string | undefined {
  if (!Number.isInteger(row.time) || Math.abs(row.time) > MAX_TIME) {
    return `time ${row.time} is not a whole number of epoch milliseconds`;
  }
  for (const name of ['open', 'high', 'low', 'close'] as const) {
    // 0 is how several providers write "no data"; a fill at 0 would buy infinitely many.
    if (!(row[name] > 0 && row[name] < Number.POSITIVE_INFINITY)) {
      return `${name} is ${row[name]}; a price must be a finite number above 0`;
    }
  }
  if (!(row.volume >= 0 && row.volume < Number.POSITIVE_INFINITY)) {
    return `volume is ${row.volume}; it must be a finite number from 0 up`;
  }
  const { funding } = row;
  if (funding !== undefined && !Number.isNaN(funding) && !(Math.abs(funding) <= MAX_FUNDING)) {
    return `the funding rate is ${funding}; it must be a fraction from -1 to 1, such as 0.0001 for 0.01 %`;
  }
  if (row.high < row.low) return `high ${row.high} is below low ${row.low}`;
  if (row.high < Math.max(row.open, row.close)) return `high ${row.high} is below open or close`;
  if (row.low > Math.min(row.open, row.close)) return `low ${row.low} is above open or close`;
  return undefined;
}

/**
 * The candle with a high or low that open or close pass by no more than rounding put right, or the same candle: adjusted
 * prices are rounded one by one.
 */
export function withinTolerance(row: CandleRow, tolerance: number): CandleRow {
  const highest = Math.max(row.open, row.close);
  const lowest = Math.min(row.open, row.close);
  const raises = row.high < highest && highest - row.high <= tolerance * highest;
  const lowers = row.low > lowest && row.low - lowest <= tolerance * lowest;
  if (!raises && !lowers) return row;
  return { ...row, high: raises ? highest : row.high, low: lowers ? lowest : row.low };
}

/** Seconds of 1973 and of 2100. Read as milliseconds they are days of January and February 1970. */
const [FIRST_SECONDS, LAST_SECONDS] = [100_000_000, 4_133_980_800];

/** The row whose time shows that the times of all rows are in another unit, or undefined. */
function unitFault(rows: readonly CandleRow[]): { readonly row: number; readonly fault: string } | undefined {
  const first = rows[0]?.time ?? 0;
  const last = rows.at(-1)?.time ?? 0;
  const year = new Date(last).getUTCFullYear();
  if (year > MAX_YEAR) {
    const fault = `time ${last} is in the year ${year}; times are epoch milliseconds, and these look like microseconds`;
    return { row: rows.length, fault };
  }
  if (first < FIRST_SECONDS || last > LAST_SECONDS) return undefined;
  const meant = new Date(first * 1000).getUTCFullYear();
  const fault = `time ${first} is ${formatTime(first)}; times are epoch milliseconds, and these look like seconds of ${meant}`;
  return { row: 1, fault };
}

/** What is wrong with the time of a candle after the one before it, or undefined. */
export function orderFault(previous: number, time: number): string | undefined {
  if (time > previous) return undefined;
  const word = time === previous ? 'the same date as' : 'earlier than';
  return `${formatTime(time)} is ${word} the row before it (${formatTime(previous)}); dates must rise, each one once`;
}

/** ISO text in UTC, the day alone when it is midnight. */
export function formatTime(time: number): string {
  if (!Number.isFinite(time) || Math.abs(time) > MAX_TIME) return String(time);
  return new Date(time).toISOString().replace(/T00:00:00\.000Z$/, '');
}

/**
 * Candles from rows that are in memory.
 *
 * @throws InputError that counts rows from 1 when there is none, when a value is out of range, when times do not rise,
 * or when their unit is no millisecond: the last one is after the year 9999, or all of them are in the first weeks of
 * 1970, as seconds from 1973 to 2100 would be. InvalidOptionError for what is no list of rows.
 */
export function candlesFromRows(rows: readonly CandleRow[]): Candles {
  checkRows('candlesFromRows', 'rows', rows);
  if (rows.length === 0) throw new InputError('No candles: there must be at least one row.');
  rows.forEach((row, index) => {
    const before = rows[index - 1];
    const fault = candleFault(row) ?? (before && orderFault(before.time, row.time));
    if (fault) throw new InputError(`Row ${index + 1}: ${fault}.`, { details: { row: index + 1 } });
  });
  const wrong = unitFault(rows);
  if (wrong) throw new InputError(`Row ${wrong.row}: ${wrong.fault}.`, { details: { row: wrong.row } });
  return fillCandles(rows);
}

/** Copies checked rows into columns. */
export function fillCandles(rows: readonly CandleRow[]): Candles {
  const candles = Candles.allocate(
    rows.length,
    rows.some(({ funding }) => funding !== undefined),
  );
  rows.forEach((row, index) => {
    candles.time[index] = row.time;
    candles.open[index] = row.open;
    candles.high[index] = row.high;
    candles.low[index] = row.low;
    candles.close[index] = row.close;
    candles.volume[index] = row.volume;
    if (candles.funding) candles.funding[index] = row.funding || 0;
  });
  return candles;
}
