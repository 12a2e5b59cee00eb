import type { Candles } from './candles.js';
import { REPORTED_FAULTS } from './limits.js';
import { checkTimes, parseTimeframe, timeframeOf } from './timeframe.js';

/** Candles that are missing between two that are there. */
export interface Gap {
  /** Start of the last candle before it. */
  readonly after: number;
  /** Start of the first candle behind it. */
  readonly before: number;
  readonly missing: number;
}

/** Where candles are missing. */
export interface Gaps {
  readonly count: number;
  /** Candles missing in all of them. */
  readonly missing: number;
  /** The first of them. */
  readonly first: readonly Gap[];
  readonly largest: Gap | null;
  /** Whether Saturdays and Sundays were not counted, because no candle is of one. */
  readonly withoutWeekends: boolean;
}

const DAY_MS = 86_400_000;

/**
 * Where candles are missing, by their own timeframe. Weekends count only in a market that is open on some. The nights of
 * an exchange with trading hours do count: nothing in the data tells them from an outage.
 *
 * @param timeframe their length. Left out: the middle one of all distances.
 * @throws InvalidOptionError for a text that is no timeframe.
 */
export function gapsOf(candles: Pick<Candles, 'time' | 'length'>, timeframe?: string): Gaps {
  const { time, length } = checkTimes('gapsOf', candles);
  const name = timeframe ?? timeframeOf(candles);
  const span = (time[length - 1] as number) - (time[0] as number);
  const withoutWeekends = span >= 7 * DAY_MS && !time.some(isWeekend);
  const none = { count: 0, missing: 0, first: [], largest: null, withoutWeekends };
  if (name === 'unknown') return none;
  const { endOf, leastMs } = parseTimeframe(name);
  const first: Gap[] = [];
  let count = 0;
  let missing = 0;
  let largest: Gap | null = null;
  for (let index = 1; index < length; index++) {
    const after = time[index - 1] as number;
    const before = time[index] as number;
    // Months begin on any day where exchanges name the first one of trading.
    const expected = name.endsWith('M') ? endOf(after) + 7 * DAY_MS : after + leastMs;
    if (before <= expected) continue;
    const days = withoutWeekends ? weekendDays(after, before) : 0;
    const lost = Math.round((before - after - days * DAY_MS) / leastMs) - 1;
    if (lost < 1) continue;
    const gap = { after, before, missing: lost };
    if (first.length < REPORTED_FAULTS) first.push(gap);
    if (lost > (largest?.missing ?? 0)) largest = gap;
    count++;
    missing += lost;
  }
  return { count, missing, first, largest, withoutWeekends };
}

function isWeekend(time: number): boolean {
  const day = new Date(time).getUTCDay();
  return day === 0 || day === 6;
}

/** Saturdays and Sundays that lie wholly between two times. */
function weekendDays(after: number, before: number): number {
  const first = Math.floor(after / DAY_MS) + 1;
  const end = Math.floor(before / DAY_MS);
  return first < end ? weekendsBefore(end) - weekendsBefore(first) : 0;
}

/** Saturdays and Sundays since a Monday, up to a day of the epoch, which began on a Thursday. */
function weekendsBefore(day: number): number {
  const sinceMonday = day + 3;
  const rest = ((sinceMonday % 7) + 7) % 7;
  return Math.floor(sinceMonday / 7) * 2 + Math.max(0, rest - 5);
}
