import { InvalidOptionError } from '../../faces/errors.js';
import { checkColumns, checkObject } from '../given.js';
import type { Candles } from './candles.js';

const UNITS: readonly (readonly [name: string, milliseconds: number])[] = [
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];

const DAY_MS = 86_400_000;
/** The first Monday of the epoch: weeks begin there. */
const MONDAY_MS = 4 * DAY_MS;

/**
 * The spacing of candles as `1d`, `4h`, `15m`: the middle one of all distances, so that weekends and missing
 * candles do not count. `1M` for calendar months, `unknown` for a single candle.
 */
export function timeframeOf(candles: Pick<Candles, 'time' | 'length'>): string {
  const { time, length } = checkTimes('timeframeOf', candles);
  if (length < 2) return 'unknown';
  return timeframeName(middleDistance(time, length));
}

/** Counted, not sorted: nearly all are the same, and a million candles took a quarter of a second in each run. */
function middleDistance(time: Float64Array, length: number): number {
  const counts = new Map<number, number>();
  for (let at = 1; at < length; at++) {
    const distance = (time[at] as number) - (time[at - 1] as number);
    counts.set(distance, (counts.get(distance) ?? 0) + 1);
  }
  // Of two middle ones the shorter: what is missing makes distances longer.
  let left = (length - 2) >> 1;
  for (const [distance, count] of [...counts].sort(([a], [b]) => a - b)) {
    left -= count;
    if (left < 0) return distance;
  }
  return Number.NaN;
}

/** @throws InvalidOptionError for what has no times of candles. */
export function checkTimes(
  of: string,
  candles: Pick<Candles, 'time' | 'length'>,
): Pick<Candles, 'time' | 'length'> {
  checkObject(of, 'candles', candles, 'Candles, as readCandles returns them');
  const { time, length } = candles;
  checkColumns(of, { 'candles.time': time });
  if (Number.isInteger(length) && length >= 0 && length <= time.length) return candles;
  throw new InvalidOptionError(
    `${of}: 'candles.length' is ${String(length)}; it must be a whole number from 0 to ${time.length}.`,
  );
}

function timeframeName(middle: number): string {
  const days = middle / DAY_MS;
  if (days >= 28 && days <= 31) return '1M';
  const [name, size] = UNITS.find(([, milliseconds]) => middle % milliseconds === 0) ?? ['ms', 1];
  return `${middle / size}${name}`;
}

/** A length of candles: where the one that a time lies in begins, and where it ends. */
export interface Timeframe {
  readonly name: string;
  /** Milliseconds; of a month 28 days, the least that it has. */
  readonly leastMs: number;
  /** Whether each candle of the other ends where one of this does. */
  readonly isMadeOf: (finer: Timeframe) => boolean;
  readonly startOf: (time: number) => number;
  readonly endOf: (start: number) => number;
}

/**
 * Reads `250ms`, `30s`, `5m`, `4h`, `1d`, `1w` (from Monday) or `1M` (calendar months), all in UTC.
 *
 * @throws InvalidOptionError for anything else.
 */
export function parseTimeframe(text: string): Timeframe {
  const [, digits = '', unit = ''] = /^([1-9]\d{0,14})(ms|s|m|h|d|w|M)$/.exec(text) ?? [];
  const count = Number(digits);
  if (unit === '') {
    throw new InvalidOptionError(
      `The timeframe is '${text}'; it must be a number and a unit, such as 30s, 5m, 4h, 1d, 1w or 1M.`,
    );
  }
  if (unit === 'M') return monthsOf(count, text);
  const size = count * (UNITS.find(([name]) => name === unit)?.[1] ?? 1);
  const shift = unit === 'w' ? MONDAY_MS : 0;
  return {
    name: text,
    leastMs: size,
    isMadeOf: (finer) => !finer.name.endsWith('M') && size % finer.leastMs === 0,
    startOf: (time) => Math.floor((time - shift) / size) * size + shift,
    endOf: (start) => start + size,
  };
}

function monthsOf(count: number, name: string): Timeframe {
  const startOf = (months: number) => Date.UTC(1970, months, 1);
  const monthOf = (time: number) => {
    const date = new Date(time);
    return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
  };
  return {
    name,
    leastMs: 28 * count * DAY_MS,
    isMadeOf: (finer) =>
      finer.name.endsWith('M') ? count % Number.parseInt(finer.name, 10) === 0 : DAY_MS % finer.leastMs === 0,
    startOf: (time) => startOf(Math.floor(monthOf(time) / count) * count),
    endOf: (start) => startOf(monthOf(start) + count),
  };
}
