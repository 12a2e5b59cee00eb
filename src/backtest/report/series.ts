import type { Annualisation } from '../figures/annualisation.js';
import { momentsOf, quantile, returnsOf } from '../figures/moments.js';
import { HISTOGRAM_BINS, ROLLING_DAYS } from './limits.js';
import type { Histogram, MonthTable } from './page-types.js';

const DAY_MS = 86_400_000;

/** The last bar of each UTC day, and its value. */
interface Days {
  readonly bars: readonly number[];
  readonly values: readonly number[];
}

function daysOf(time: Float64Array, equity: Float64Array): Days {
  const bars: number[] = [];
  for (let bar = 0; bar < time.length; bar++) {
    const isLast =
      bar + 1 === time.length ||
      Math.floor((time[bar + 1] as number) / DAY_MS) !== Math.floor((time[bar] as number) / DAY_MS);
    if (isLast) bars.push(bar);
  }
  return { bars, values: bars.map((bar) => equity[bar] as number) };
}

/** Returns by calendar month in UTC; the first against the initial capital. Null for data of less than two months. */
export function monthTable(time: Float64Array, equity: Float64Array, initial: number): MonthTable | null {
  const ends = new Map<number, number>();
  const { bars } = daysOf(time, equity);
  for (const bar of bars) {
    const date = new Date(time[bar] as number);
    ends.set(date.getUTCFullYear() * 12 + date.getUTCMonth(), equity[bar] as number);
  }
  if (ends.size < 2) return null;
  const years = new Map<number, { months: (number | null)[]; start: number; end: number }>();
  let before = initial;
  for (const [month, value] of ends) {
    const year = Math.floor(month / 12);
    const row = years.get(year) ?? { months: Array<number | null>(12).fill(null), start: before, end: value };
    row.months[month % 12] = before > 0 ? value / before - 1 : null;
    row.end = value;
    years.set(year, row);
    before = value;
  }
  const rows = [...years].map(([year, { months, start, end }]) => ({
    year,
    months,
    total: start > 0 ? end / start - 1 : Number.NaN,
  }));
  return { years: rows };
}

/** How often which return was, per day, or per bar where there are few days. The outermost hundredth is in the last bars. */
export function histogramOf(time: Float64Array, equity: Float64Array): Histogram | null {
  if (equity.some((value) => value <= 0)) return null;
  const days = daysOf(time, equity);
  const per = days.bars.length >= 40 ? 'day' : 'bar';
  const returns = returnsOf(per === 'day' ? days.values : equity).filter((value) => value !== 0);
  if (returns.length < 10) return null;
  const sorted = returns.toSorted();
  const limit = Math.max(Math.abs(quantile(sorted, 0.005)), Math.abs(quantile(sorted, 0.995)));
  const width = (2 * limit) / HISTOGRAM_BINS;
  const counts = Array<number>(HISTOGRAM_BINS).fill(0);
  for (const value of returns) {
    const bin = Math.min(HISTOGRAM_BINS - 1, Math.max(0, Math.floor((value + limit) / width)));
    counts[bin] = (counts[bin] as number) + 1;
  }
  const bins = counts.map((count, bin) => ({
    from: -limit + bin * width,
    to: -limit + (bin + 1) * width,
    count,
  }));
  return { per, count: returns.length, bins };
}

/** The Sharpe ratio of the last half year at each bar; undefined for data of less than twice that, or ruined accounts. */
export function rollingSharpe(
  time: Float64Array,
  equity: Float64Array,
  factor: Annualisation | null,
): { readonly values: Float64Array; readonly text: string } | undefined {
  if (!factor || equity.some((value) => value <= 0)) return undefined;
  const { bars, values } = daysOf(time, equity);
  const { days, text } = halfYear(factor.daysPerYear);
  if (values.length < 2 * days) return undefined;
  const returns = returnsOf(values);
  const rolling = new Float64Array(time.length).fill(Number.NaN);
  for (let day = days; day < values.length; day++) {
    const { mean, deviation } = momentsOf(returns.subarray(day - days, day));
    const sharpe = deviation > 1e-12 ? (mean / deviation) * Math.sqrt(factor.daysPerYear) : Number.NaN;
    rolling.fill(sharpe, (bars[day - 1] as number) + 1, (bars[day] as number) + 1);
  }
  return { values: rolling, text };
}

/** Candles of weeks, and curves of one candle in so many, do not have a value of each day. */
function halfYear(daysPerYear: number): { readonly days: number; readonly text: string } {
  const { everyDay, weekdays } = ROLLING_DAYS;
  if (daysPerYear < weekdays * 1.5)
    return { days: Math.max(10, Math.round(daysPerYear / 2)), text: 'half a year' };
  const days = daysPerYear > 300 ? everyDay : weekdays;
  return { days, text: `${days} days` };
}
