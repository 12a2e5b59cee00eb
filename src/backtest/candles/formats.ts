/**
 * What candles can be written as. `named`: columns or fields found by their names. Those of the providers are recognised
 * by what they have beside the prices; `ccxt`, `bitfinex` and `coinbase` are orders of columns without names.
 */
export const CANDLE_FORMATS = [
  'named',
  'binance',
  'upbit',
  'yahoo',
  'stooq',
  'metatrader',
  'ccxt',
  'bitfinex',
  'coinbase',
  'kraken',
] as const;

/** A form of candle file that is known by its columns. */
export type CandleFormat = (typeof CANDLE_FORMATS)[number];

/** Whether the time of a candle is that of its start or that of its end. */
export type Stamps = 'open' | 'close';

/** What a row consists of: where its columns are, -1 for one that is missing, and what its times mean. */
export interface Layout {
  readonly format: CandleFormat;
  readonly time: number;
  /** A second column with the time of day, where `time` may hold the day alone. */
  readonly clock: number;
  /** Open, high, low, close. */
  readonly prices: readonly number[];
  readonly volume: number;
  /** Funding rate. */
  readonly funding: number;
  /** Cells of a row; more is a fault unless they are empty. Infinite where a provider adds columns of its own. */
  readonly width: number;
  readonly stamps: Stamps;
  /** The zone that the column's name says; undefined when it says none. */
  readonly zone: string | undefined;
}

/** Recognises a provider by names that only its files have. */
export function formatByNames(names: readonly string[]): CandleFormat {
  const has = (...wanted: readonly string[]) => wanted.every((name) => names.includes(name));
  if (has('candle_date_time_utc') || has('candle_date_time_kst')) return 'upbit';
  if (has('open_time', 'close_time') && names.some((name) => /^(?:quote|taker_buy)/.test(name)))
    return 'binance';
  if (has('adj_close') || has('adjclose')) return 'yahoo';
  if (has('ticker', 'per')) return 'stooq';
  return 'named';
}
