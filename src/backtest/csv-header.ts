/** Where the columns are; -1 for one that is missing. */
export interface Header {
  readonly time: number;
  /** A second column with the time of day, where `time` may hold the day alone. */
  readonly clock: number;
  readonly prices: readonly number[];
  readonly volume: number;
  /** Cells of a row. */
  readonly width: number;
}

export const PRICE_NAMES = ['open', 'high', 'low', 'close'] as const;

/** Names of the time column as exchanges and libraries write them, the preferred one first. */
const TIME_NAMES = [
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
  'open_timestamp',
  'time_open',
  'start_time',
  'gmt_time',
  'time_utc',
  'date_utc',
  'candle_date_time_utc',
  'ts',
  't',
];

/** Other names of the prices, where none has the name itself. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  open: ['o', 'open_price', 'opening_price', '1._open'],
  high: ['h', 'high_price', '2._high'],
  low: ['l', 'low_price', '3._low'],
  close: ['c', 'close_price', 'closing_price', 'trade_price', 'close/last', '4._close'],
  volume: ['v', 'vol', 'tickvol', 'base_volume', 'candle_acc_trade_volume', '5._volume'],
};

/** Finds the columns by name. @returns what is wrong with the header, as text, when they are not all there. */
export function headerOf(record: readonly string[], shown: (cell: string) => string): Header | string {
  const names = record.map(normal);
  while (names.at(-1) === '') names.pop();
  if (names.length > 1 && names.every((name) => name === '' || /^[-+.\d:t_z/]+$/.test(name))) {
    return "there is no header: the first line holds values. Put one above it that names the columns in their order, such as 'timestamp,open,high,low,close,volume'";
  }
  const time = TIME_NAMES.find((name) => names.includes(name));
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
  const used = [time, ...prices, volume].filter((name) => name !== undefined);
  const twice = used.find((name) => names.indexOf(name) !== names.lastIndexOf(name));
  if (twice) return `the header has two columns named '${twice}'`;
  return {
    time: names.indexOf(time),
    clock: time === 'date' ? names.indexOf('time') : -1,
    prices: prices.map((name) => names.indexOf(name as string)),
    volume: volume === undefined ? -1 : names.indexOf(volume),
    width: names.length,
  };
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
  return [name, ...(OTHER_NAMES[name] ?? [])].find((candidate) => names.includes(candidate));
}
