import { formatByNames, type Layout, type Stamps } from './formats.js';

export const PRICE_NAMES = ['open', 'high', 'low', 'close'] as const;

/**
 * Names of the time column as exchanges and libraries write them, the preferred one first. Upbit's comes before all: it
 * has a `timestamp` as well, which is that of the last trade.
 */
const TIME_NAMES = [
  'candle_date_time_utc',
  'candle_date_time_kst',
  'timestamp',
  'open_time',
  'datetime',
  'date_time',
  'unix',
  'unix_timestamp',
  'unix_time',
  'epoch',
  'date',
  'time',
  'opentime',
  'opentimeinmillis',
  'starttime',
  'open_timestamp',
  'time_open',
  'start_time',
  'start',
  'gmt_time',
  'time_utc',
  'date_utc',
  'ts',
  't',
];

/** Names of a time at which a candle ends, where no other is there. */
const END_NAMES = ['close_time', 'closetime', 'time_close', 'end_time', 'close_timestamp'];

/** Zones that a column's name says. */
const ZONES: Readonly<Record<string, string>> = {
  candle_date_time_utc: 'UTC',
  candle_date_time_kst: 'Asia/Seoul',
  gmt_time: 'UTC',
  time_utc: 'UTC',
  date_utc: 'UTC',
};

/** Other names of the prices, where none has the name itself. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  open: ['o', 'open_price', 'opening_price', '1._open'],
  high: ['h', 'high_price', '2._high'],
  low: ['l', 'low_price', '3._low'],
  close: ['c', 'close_price', 'closing_price', 'trade_price', 'close/last', '4._close'],
  volume: ['v', 'vol', 'tickvol', 'base_volume', 'volumefrom', 'candle_acc_trade_volume', '5._volume'],
};

/** Names of a column with the funding rate of a perpetual future, the preferred one first. */
export const FUNDING_NAMES = [
  'funding_rate',
  'fundingrate',
  'last_funding_rate',
  'lastfundingrate',
  'funding_fee_rate',
  'realized_rate',
  'realizedrate',
  'relative_funding_rate',
  'relativefundingrate',
  'funding',
];

/** Whether a first line holds values, not names. */
export function isWithoutNames(record: readonly string[]): boolean {
  const cells = record.filter((cell) => cell !== '');
  return cells.length > 1 && cells.every((cell) => /^[-+.\d:t_z/ ]+$/i.test(cell) && /\d/.test(cell));
}

/** Finds the columns by name. @returns what is wrong with the header, as text, when they are not all there. */
export function headerOf(record: readonly string[], shown: (cell: string) => string): Layout | string {
  const names = record.map(normal);
  while (names.at(-1) === '') names.pop();
  const time = timeNameIn(names);
  const prices = PRICE_NAMES.map((name) => columnOf(name, names));
  const missing: string[] = PRICE_NAMES.filter((_, index) => prices[index] === undefined);
  if (time === undefined) missing.unshift('date (or time, or timestamp)');
  if (missing.length > 0 || time === undefined) {
    const found = record
      .slice(0, 12)
      .map((cell) => shown(cell.toLowerCase()))
      .join(', ');
    return `the header lacks ${missing.join(', ')}; it has ${found}`;
  }
  const volume = columnOf('volume', names);
  const funding = FUNDING_NAMES.find((name) => names.includes(name));
  const used = [time.name, ...prices, volume, funding].filter((name) => name !== undefined);
  const twice = used.find((name) => names.indexOf(name) !== names.lastIndexOf(name));
  if (twice) return `the header has two columns named '${twice}'`;
  return {
    format: formatByNames(names),
    time: names.indexOf(time.name),
    clock: time.name === 'date' ? names.indexOf('time') : -1,
    prices: prices.map((name) => names.indexOf(name as string)),
    volume: volume === undefined ? -1 : names.indexOf(volume),
    funding: funding === undefined ? -1 : names.indexOf(funding),
    width: names.length,
    stamps: time.stamps,
    zone: ZONES[time.name],
  };
}

function timeNameIn(
  names: readonly string[],
): { readonly name: string; readonly stamps: Stamps } | undefined {
  const start = TIME_NAMES.find((name) => names.includes(name));
  if (start !== undefined) return { name: start, stamps: 'open' };
  const end = END_NAMES.find((name) => names.includes(name));
  return end === undefined ? undefined : { name: end, stamps: 'close' };
}

/** `<OPEN>`, `Open Time` and `open-time` are names as well. */
function normal(cell: string): string {
  return cell
    .trim()
    .replace(/^<(.*)>$/, '$1')
    .toLowerCase()
    .replace(/[\s_-]+/g, '_');
}

function columnOf(name: string, names: readonly string[]): string | undefined {
  const known = [name, ...(OTHER_NAMES[name] ?? [])].find((candidate) => names.includes(candidate));
  // `Volume BTC` comes before `Volume USDT`: the market's own currency first.
  return known ?? (name === 'volume' ? names.find((candidate) => /^volume_\w+$/.test(candidate)) : undefined);
}
