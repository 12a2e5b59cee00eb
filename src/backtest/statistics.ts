import { InvalidOptionError } from '../faces/errors.js';
import { ANNUALISE_DAYS_MIN } from '../limits.js';
import { checkColumns } from './given.js';

const DAY_MS = 86_400_000;
const YEAR_MS = 365.25 * DAY_MS;

/** Deviations below this are rounding, not risk; dividing by them gives absurd ratios. */
const DEVIATION_MIN = 1e-12;

/**
 * Why a value is null.
 *
 * - `span-too-short`: the data spans less than 30 days (`ANNUALISE_DAYS_MIN`). Over less, a growth rate explodes into
 *   meaningless digits, and the number of returns per year, which every annual value is multiplied by, is that of a part
 *   of a week or of one session, not of a year.
 * - `too-few-returns`: there are fewer than two, so there is no deviation.
 * - `no-deviation`: all returns are the same but for rounding, or none is negative (Sortino).
 * - `no-drawdown`: there was none to divide by (Calmar).
 * - `ruined`: an equity of 0 or less; no return can be taken from there.
 * - `not-finite`: the result is too large for a number.
 */
export type NullReason =
  | 'span-too-short'
  | 'too-few-returns'
  | 'no-deviation'
  | 'no-drawdown'
  | 'ruined'
  | 'not-finite';

/** The values of {@link Statistics} that may be null. */
export type NullableStatistic =
  | 'annualReturn'
  | 'annualVolatility'
  | 'sharpe'
  | 'sortino'
  | 'calmar'
  | 'periodsPerYear';

/**
 * The result of a backtest in numbers. Ratios are fractions (0.05 is five percent), and null where undefined;
 * `nulls` says why.
 *
 * How they are made: the equity is taken at each close; a return is the change from one close to the next over
 * the former. Deviations divide by n - 1 (`ddof` 1). Annual values multiply by the number of returns per year of
 * 365.25 days **that the data has**: about 252 for daily stock candles, 365 for daily crypto ones, 525,960 for
 * crypto minutes. All annual values, Sharpe, Sortino and Calmar among them, are null for data of less than 30 days. The
 * risk-free rate is 0. Sums run in time order, because adding doubles in another order gives another result.
 */
export interface Statistics {
  readonly totalReturn: number;
  /** Compound annual growth rate. Null: `span-too-short`, `ruined` (below 0; at 0 it is -1), `not-finite`. */
  readonly annualReturn: number | null;
  /** Null: `span-too-short`, `too-few-returns`, `ruined`, `not-finite`. */
  readonly annualVolatility: number | null;
  /** Null: as for the volatility, and `no-deviation`. */
  readonly sharpe: number | null;
  /** Like Sharpe, with the root mean square of the negative returns (0 for the others) as the deviation. */
  readonly sortino: number | null;
  /** Annual return over maximal drawdown. Null: as for the annual return, and `no-drawdown`. */
  readonly calmar: number | null;
  /** Fraction of the peak, 0 to 1: below an equity of 0 nothing of it is left. */
  readonly maxDrawdown: number;
  /** Longest time from a peak until it was reached again, or until the end, in days. */
  readonly maxDrawdownDays: number;
  readonly peakCapital: number;
  readonly finalCapital: number;
  /** Returns per year that the data has. Null: `span-too-short`. */
  readonly periodsPerYear: number | null;
  /** Why what is null is null. */
  readonly nulls: Readonly<Partial<Record<NullableStatistic, NullReason>>>;
}

/**
 * Statistics of an equity curve.
 *
 * @param time Unix epoch milliseconds, rising, one per value of `equity`; at least one.
 * @param equity Account value at each time, finite. Once it is 0 or less the account is ruined.
 * @param initialCapital Account value before the first, above 0.
 * @throws InvalidOptionError when one of them is not so; the message names the index.
 */
export function equityStatistics(
  time: Float64Array,
  equity: Float64Array,
  initialCapital: number,
): Statistics {
  checkCurve(time, equity, initialCapital);
  const last = equity.length - 1;
  const span = (time[last] as number) - (time[0] as number);
  const years = span / YEAR_MS;
  const finalCapital = equity[last] as number;
  const drawdown = findDrawdown(time, equity, initialCapital);
  const nulls: Partial<Record<NullableStatistic, NullReason>> = {};
  const known = (name: NullableStatistic, value: number | NullReason): number | null => {
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    nulls[name] = typeof value === 'number' ? 'not-finite' : value;
    return null;
  };
  const tooShort = span < ANNUALISE_DAYS_MIN * DAY_MS;
  const moments = returnMoments(equity);
  const pace = Math.sqrt(last / years);
  const annual = (value: (moments: Moments) => number | NullReason): number | NullReason => {
    if (tooShort) return 'span-too-short';
    return typeof moments === 'string' ? moments : value(moments);
  };
  const ratio = (mean: number, deviation: number) =>
    deviation > DEVIATION_MIN ? (mean / deviation) * pace : 'no-deviation';
  const growth = growthOf(finalCapital / initialCapital, years);
  const annualReturn = known('annualReturn', tooShort ? 'span-too-short' : growth);
  const calmar = drawdown.fraction === 0 ? 'no-drawdown' : (annualReturn ?? 0) / drawdown.fraction;
  return {
    totalReturn: finalCapital / initialCapital - 1,
    annualReturn,
    annualVolatility: known(
      'annualVolatility',
      annual(({ deviation }) => deviation * pace),
    ),
    sharpe: known(
      'sharpe',
      annual(({ mean, deviation }) => ratio(mean, deviation)),
    ),
    sortino: known(
      'sortino',
      annual(({ mean, downside }) => ratio(mean, downside)),
    ),
    calmar: known('calmar', nulls.annualReturn ?? calmar),
    maxDrawdown: drawdown.fraction,
    maxDrawdownDays: drawdown.longestMs / DAY_MS,
    peakCapital: drawdown.peak,
    finalCapital,
    periodsPerYear: known('periodsPerYear', tooShort ? 'span-too-short' : last / years),
    nulls,
  };
}

/** @throws InvalidOptionError for what is no curve of an account. */
export function checkCurve(time: Float64Array, equity: Float64Array, initialCapital: number): void {
  checkColumns('equityStatistics', { time, equity });
  if (!(initialCapital > 0 && initialCapital < Number.POSITIVE_INFINITY)) {
    throw new InvalidOptionError(
      `The initial capital is ${initialCapital}; it must be a finite number above 0.`,
    );
  }
  if (equity.length === 0 || time.length !== equity.length) {
    throw new InvalidOptionError(
      `There are ${time.length} times and ${equity.length} values of equity; there must be one of each, and at least one.`,
    );
  }
  for (let index = 0; index < equity.length; index++) {
    const now = time[index] as number;
    if (!Number.isFinite(equity[index])) {
      throw new InvalidOptionError(
        `The equity at index ${index} is ${equity[index]}; it must be a finite number.`,
      );
    }
    if (Number.isFinite(now) && (index === 0 || now > (time[index - 1] as number))) continue;
    throw new InvalidOptionError(`The time at index ${index} is ${now}; times must be finite and rise.`);
  }
}

function growthOf(factor: number, years: number): number | NullReason {
  if (factor < 0) return 'ruined';
  // The one operation here that the language does not define to the last bit; twelve digits are the same
  // in every V8.
  return Number((factor ** (1 / years) - 1).toPrecision(12));
}

interface Moments {
  readonly mean: number;
  readonly deviation: number;
  readonly downside: number;
}

function returnMoments(equity: Float64Array): Moments | NullReason {
  const count = equity.length - 1;
  if (count < 2) return 'too-few-returns';
  if (equity.some((value) => value <= 0)) return 'ruined';
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
      fraction = Math.max(fraction, Math.min(1, (peak - value) / peak));
    } else {
      peak = value;
      peakTime = now;
    }
  }
  return { peak, fraction, longestMs };
}
