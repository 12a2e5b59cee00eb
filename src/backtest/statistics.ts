import { ANNUALISE_DAYS_MIN } from '../limits.js';

const DAY_MS = 86_400_000;
const YEAR_MS = 365.25 * DAY_MS;

/** Deviations below this are rounding, not risk; dividing by them gives absurd ratios. */
const DEVIATION_MIN = 1e-12;

/**
 * The result of a backtest in numbers. Ratios are fractions (0.05 is five percent), and null where undefined.
 *
 * How they are made: the equity is taken at each close; a return is the change from one close to the next over
 * the former. Deviations divide by n - 1 (`ddof` 1). Annual values multiply by the number of returns per year of
 * 365.25 days **that the data has**: about 252 for daily stock candles, 365 for daily crypto ones. The risk-free
 * rate is 0. Sums run in time order, because adding doubles in another order gives another result.
 */
export interface Statistics {
  readonly totalReturn: number;
  /** Compound annual growth rate. */
  readonly annualReturn: number | null;
  readonly annualVolatility: number | null;
  readonly sharpe: number | null;
  /** Like Sharpe, with the root mean square of the negative returns (0 for the others) as the deviation. */
  readonly sortino: number | null;
  /** Annual return over maximal drawdown. */
  readonly calmar: number | null;
  /** Positive fraction of the peak. */
  readonly maxDrawdown: number;
  /** Longest time from a peak until it was reached again, or until the end, in days. */
  readonly maxDrawdownDays: number;
  readonly peakCapital: number;
  readonly finalCapital: number;
  readonly periodsPerYear: number | null;
}

/**
 * Statistics of an equity curve.
 *
 * @param time Unix epoch milliseconds, rising, one per value of `equity`; at least one.
 * @param equity Account value at each time, above 0.
 * @param initialCapital Account value before the first.
 */
export function equityStatistics(
  time: Float64Array,
  equity: Float64Array,
  initialCapital: number,
): Statistics {
  const last = equity.length - 1;
  const years = ((time[last] as number) - (time[0] as number)) / YEAR_MS;
  const finalCapital = equity[last] as number;
  const longEnough = years * YEAR_MS >= ANNUALISE_DAYS_MIN * DAY_MS;
  const periodsPerYear = longEnough ? last / years : null;
  const annualReturn = longEnough ? growthRate(finalCapital / initialCapital, years) : null;
  const moments = returnMoments(equity);
  const drawdown = findDrawdown(time, equity, initialCapital);
  const annual = (numerator: number, deviation: number) =>
    periodsPerYear === null || !(deviation > DEVIATION_MIN)
      ? null
      : (numerator / deviation) * Math.sqrt(periodsPerYear);
  return {
    totalReturn: finalCapital / initialCapital - 1,
    annualReturn,
    annualVolatility:
      periodsPerYear === null || last < 2 ? null : moments.deviation * Math.sqrt(periodsPerYear),
    sharpe: annual(moments.mean, moments.deviation),
    sortino: annual(moments.mean, moments.downside),
    calmar: annualReturn === null || drawdown.fraction === 0 ? null : annualReturn / drawdown.fraction,
    maxDrawdown: drawdown.fraction,
    maxDrawdownDays: drawdown.longestMs / DAY_MS,
    peakCapital: drawdown.peak,
    finalCapital,
    periodsPerYear,
  };
}

function growthRate(factor: number, years: number): number | null {
  // The one operation here that the language does not define to the last bit; twelve digits are the same
  // in every V8.
  const rate = Number((factor ** (1 / years) - 1).toPrecision(12));
  return Number.isFinite(rate) ? rate : null;
}

function returnMoments(equity: Float64Array): { mean: number; deviation: number; downside: number } {
  const count = equity.length - 1;
  if (count < 2) return { mean: 0, deviation: 0, downside: 0 };
  const change = (index: number) => (equity[index] as number) / (equity[index - 1] as number) - 1;
  let sum = 0;
  for (let index = 1; index <= count; index++) sum += change(index);
  const mean = sum / count;
  let squares = 0;
  let downsideSquares = 0;
  for (let index = 1; index <= count; index++) {
    const value = change(index);
    squares += (value - mean) * (value - mean);
    if (value < 0) downsideSquares += value * value;
  }
  return { mean, deviation: Math.sqrt(squares / (count - 1)), downside: Math.sqrt(downsideSquares / count) };
}

function findDrawdown(time: Float64Array, equity: Float64Array, initialCapital: number) {
  let peak = initialCapital;
  let peakTime = time[0] as number;
  let fraction = 0;
  let longestMs = 0;
  let underWater = false;
  for (let index = 0; index < equity.length; index++) {
    const value = equity[index] as number;
    const now = time[index] as number;
    const below = value < peak;
    // The candle that is back at the peak ends the drawdown, and its time still belongs to it.
    if (below || underWater) longestMs = Math.max(longestMs, now - peakTime);
    underWater = below;
    if (below) {
      fraction = Math.max(fraction, (peak - value) / peak);
    } else {
      peak = value;
      peakTime = now;
    }
  }
  return { peak, fraction, longestMs };
}
