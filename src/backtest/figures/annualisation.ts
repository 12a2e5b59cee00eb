const DAY_MS = 86_400_000;
const YEAR_DAYS = 365.25;

/** How values per bar become values per year. */
export interface Annualisation {
  /** Bars of a year. */
  readonly barsPerYear: number;
  /** Days of a year on which there are bars. */
  readonly daysPerYear: number;
  /**
   * `data`: counted in data of at least 30 days. `calendar`: the bars of a whole day times 365, or 252 days where no
   * bar is of a weekend; for data that is shorter, and does not tell what a year has.
   */
  readonly from: 'data' | 'calendar';
}

/**
 * The factor of a curve; undefined for data of less than three UTC days, in which no day is known to be whole.
 *
 * @param leastDays span from which on the data itself tells what a year has.
 */
export function annualisationOf(time: Float64Array, leastDays: number): Annualisation | undefined {
  const bars = time.length;
  const span = ((time[bars - 1] as number) - (time[0] as number)) / DAY_MS;
  const counts = barsOfDays(time);
  if (span >= leastDays) {
    const years = span / YEAR_DAYS;
    return {
      barsPerYear: (bars - 1) / years,
      daysPerYear: Math.max(1, counts.length - 1) / years,
      from: 'data',
    };
  }
  const whole = counts.slice(1, -1).sort((a, b) => a - b);
  const barsPerDay = whole[whole.length >> 1];
  if (barsPerDay === undefined) return undefined;
  const daysPerYear = isOpenAllWeek(time, span) ? 365 : 252;
  return { barsPerYear: barsPerDay * daysPerYear, daysPerYear, from: 'calendar' };
}

/** Bars of each UTC day that has some. */
function barsOfDays(time: Float64Array): number[] {
  const counts: number[] = [];
  let day = Number.NaN;
  for (const now of time) {
    const own = Math.floor(now / DAY_MS);
    if (own !== day) counts.push(0);
    day = own;
    counts[counts.length - 1] = (counts.at(-1) ?? 0) + 1;
  }
  return counts;
}

/** Between Monday and Friday nothing tells; then a market that is open around the clock is taken for one of all days. */
function isOpenAllWeek(time: Float64Array, span: number): boolean {
  const isWeekend = (now: number) => [0, 6].includes(new Date(now).getUTCDay());
  if (time.some(isWeekend)) return true;
  const first = new Date(time[0] as number).getUTCDay();
  const hasWeekend = first + span >= 6;
  const hours = new Set(Array.from(time, (now) => Math.floor(now / 3_600_000) % 24));
  return !hasWeekend && hours.size === 24;
}

/** The last value of each UTC day, with the value before the first. */
export function dailyEquity(time: Float64Array, equity: Float64Array, initial: number): number[] {
  const days = [initial];
  let day = Number.NaN;
  for (let index = 0; index < time.length; index++) {
    const own = Math.floor((time[index] as number) / DAY_MS);
    if (own !== day) days.push(0);
    day = own;
    days[days.length - 1] = equity[index] as number;
  }
  return days;
}
