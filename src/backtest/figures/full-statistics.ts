import { ANNUALISE_DAYS_MIN } from '../../limits.js';
import { checkResult } from '../given.js';
import type { BacktestResult } from '../runs/result.js';
import { equityStatistics, type NullReason } from '../statistics.js';
import { tradeStatistics } from '../trade-statistics.js';
import { type Annualisation, annualisationOf, dailyEquity } from './annualisation.js';
import { type Drawdown, drawdownsOf } from './drawdowns.js';
import { type Moments, momentsOf, quantile, returnsOf } from './moments.js';
import { probabilisticSharpe } from './sharpe-tests.js';
import { type TradeFigures, tradeFigures } from './trade-figures.js';

/** A figure, or why there is none. `no-trades`, `no-wins`, `no-losses`: there is none to take it from. */
export type Figure =
  | { readonly value: number; readonly reason?: undefined }
  | { readonly value: null; readonly reason: NullReason | 'no-trades' | 'no-wins' | 'no-losses' };

/** Sharpe and Sortino ratios of one length of return, not annualised. */
export interface ReturnFigures {
  readonly count: number;
  readonly mean: Figure;
  readonly deviation: Figure;
  readonly sharpe: Figure;
  readonly sortino: Figure;
}

/**
 * All figures of a backtest. Ratios are fractions (0.05 is five percent). Deviations divide by n - 1, the risk-free rate
 * is 0, and what is annualised is so by `annualisation`.
 */
export interface FullStatistics {
  readonly start: number;
  readonly end: number;
  readonly days: number;
  readonly bars: number;
  readonly initialCapital: number;
  readonly finalCapital: number;
  readonly peakCapital: number;
  readonly totalReturn: number;
  /** Of buying at the first open and holding. */
  readonly benchmarkReturn: number;
  /** Compound annual growth; none for less than 30 days. */
  readonly annualReturn: Figure;
  readonly annualisation: Annualisation | null;
  readonly perBar: ReturnFigures;
  /** From the last value of each UTC day. */
  readonly perDay: ReturnFigures;
  readonly annualVolatility: Figure;
  readonly sharpe: Figure;
  readonly sortino: Figure;
  readonly calmar: Figure;
  /** Probability that the true Sharpe ratio is above 0. */
  readonly probabilisticSharpe: Figure;
  /** Gains over losses, of the returns per bar. */
  readonly omega: Figure;
  readonly skewness: Figure;
  /** 3 for a normal distribution. */
  readonly kurtosis: Figure;
  /** Return per day that one day in twenty is below, and the average of those. */
  readonly valueAtRisk: Figure;
  readonly expectedShortfall: Figure;
  /** Return per bar, against that of the benchmark: what moves with it, and what is added to it in a year. */
  readonly beta: Figure;
  readonly alpha: Figure;
  readonly correlation: Figure;
  readonly drawdowns: {
    readonly count: number;
    readonly worst: Drawdown | null;
    readonly longestMs: number;
    readonly average: number;
    readonly averageMs: number;
  };
  readonly trades: TradeFigures & {
    readonly count: number;
    readonly winRate: Figure;
    readonly profitFactor: Figure;
    readonly expectancy: Figure;
    readonly averageWin: Figure;
    readonly averageLoss: Figure;
    readonly bestTrade: Figure;
    readonly worstTrade: Figure;
    readonly averageHoldingMs: Figure;
  };
  readonly exposure: number;
  readonly turnover: number;
  readonly commission: number;
  /** Received above 0, paid below; null where the market has none. */
  readonly funding: number | null;
}

type Curves = Pick<
  BacktestResult,
  'equity' | 'trades' | 'benchmark' | 'exposure' | 'turnover' | 'commission'
> & {
  readonly funding?: number | null;
  readonly settings: Pick<BacktestResult['settings'], 'initialCapital'>;
};

/** A deviation below this is rounding, not risk. */
const DEVIATION_MIN = 1e-12;
const DAY_MS = 86_400_000;

/**
 * The figures of a result, computed from its curve and its trades.
 *
 * @throws InvalidOptionError for what is no result, and when the curve or a trade has a number that is not finite.
 */
export function fullStatistics(result: Curves): FullStatistics {
  checkResult('fullStatistics', result);
  const { time, equity } = result.equity;
  const initial = result.settings.initialCapital;
  const base = equityStatistics(time, equity, initial);
  const factor = annualisationOf(time, ANNUALISE_DAYS_MIN);
  const isRuined = equity.some((value) => value <= 0);
  const bars = returnsOf(equity);
  const perBar = isRuined ? undefined : momentsOf(bars);
  const daily = returnsOf(dailyEquity(time, equity, initial));
  const perDay = isRuined ? undefined : momentsOf(daily);
  const annual = (value: (moments: Moments, bars: number) => number | NullReason): Figure => {
    if (!perBar) return none('ruined');
    if (perBar.count < 2) return none('too-few-returns');
    return factor ? figure(value(perBar, factor.barsPerYear)) : none('span-too-short');
  };
  const ratio = (deviation: number, mean: number, perYear: number) =>
    deviation > DEVIATION_MIN ? (mean / deviation) * Math.sqrt(perYear) : 'no-deviation';
  return {
    start: time[0] as number,
    end: time[time.length - 1] as number,
    days: ((time[time.length - 1] as number) - (time[0] as number)) / DAY_MS,
    bars: time.length,
    initialCapital: initial,
    finalCapital: base.finalCapital,
    peakCapital: base.peakCapital,
    totalReturn: base.totalReturn,
    benchmarkReturn: result.benchmark.statistics.totalReturn,
    annualReturn: known(base.annualReturn, base.nulls.annualReturn),
    annualisation: factor ?? null,
    perBar: returnFigures(perBar, bars.length),
    perDay: returnFigures(perDay, daily.length),
    annualVolatility: annual(({ deviation }, perYear) => deviation * Math.sqrt(perYear)),
    sharpe: annual(({ mean, deviation }, perYear) => ratio(deviation, mean, perYear)),
    sortino: annual(({ mean, downside }, perYear) => ratio(downside, mean, perYear)),
    calmar: known(base.calmar, base.nulls.calmar),
    ...shapeFigures(perBar, bars, daily),
    ...againstBenchmark(perBar, bars, result.benchmark.equity, factor),
    drawdowns: drawdownFigures(drawdownsOf(time, equity, initial)),
    trades: allTradeFigures(result),
    exposure: result.exposure,
    turnover: result.turnover,
    commission: result.commission,
    funding: result.funding ?? null,
  };
}

function none(reason: Exclude<Figure['reason'], undefined>): Figure {
  return { value: null, reason };
}

function figure(value: number | NullReason): Figure {
  if (typeof value === 'string') return none(value);
  return Number.isFinite(value) ? { value } : none('not-finite');
}

function known(value: number | null, reason: Figure['reason']): Figure {
  return value === null ? none(reason ?? 'not-finite') : { value };
}

function returnFigures(moments: Moments | undefined, count: number): ReturnFigures {
  const of = (value: (moments: Moments) => number | NullReason): Figure => {
    if (!moments) return none('ruined');
    return moments.count < 2 ? none('too-few-returns') : figure(value(moments));
  };
  const over = (mean: number, deviation: number) =>
    deviation > DEVIATION_MIN ? mean / deviation : 'no-deviation';
  return {
    count,
    mean: of(({ mean }) => mean),
    deviation: of(({ deviation }) => deviation),
    sharpe: of(({ mean, deviation }) => over(mean, deviation)),
    sortino: of(({ mean, downside }) => over(mean, downside)),
  };
}

function shapeFigures(moments: Moments | undefined, bars: Float64Array, daily: Float64Array) {
  const of = (value: (moments: Moments) => number | NullReason): Figure => {
    if (!moments) return none('ruined');
    if (moments.count < 2) return none('too-few-returns');
    return moments.deviation > DEVIATION_MIN ? figure(value(moments)) : none('no-deviation');
  };
  const sum = (part: (value: number) => number) => bars.reduce((total, value) => total + part(value), 0);
  const losses = sum((value) => Math.max(-value, 0));
  const sorted = daily.toSorted();
  // One day in twenty takes twenty days.
  const tail = (value: (limit: number) => number): Figure =>
    sorted.length < 20
      ? none(moments ? 'too-few-returns' : 'ruined')
      : of(() => value(quantile(sorted, 0.05)));
  return {
    probabilisticSharpe: of((all) => probabilisticSharpe(all.mean / all.deviation, all)),
    omega: of(() => (losses === 0 ? 'no-deviation' : sum((value) => Math.max(value, 0)) / losses)),
    skewness: of(({ skewness }) => skewness),
    kurtosis: of(({ kurtosis }) => kurtosis),
    valueAtRisk: tail((limit) => limit),
    expectedShortfall: tail((limit) => {
      const below = sorted.filter((value) => value <= limit);
      return below.reduce((total, value) => total + value, 0) / below.length;
    }),
  };
}

function againstBenchmark(
  moments: Moments | undefined,
  bars: Float64Array,
  benchmark: Float64Array,
  factor: Annualisation | undefined,
) {
  const other = returnsOf(benchmark);
  const fault: NullReason | undefined =
    !moments || benchmark.some((value) => value <= 0)
      ? 'ruined'
      : moments.count < 2 || other.length !== bars.length
        ? 'too-few-returns'
        : undefined;
  if (fault !== undefined || !moments) {
    const missing = none(fault ?? 'ruined');
    return { beta: missing, alpha: missing, correlation: missing };
  }
  const theirs = momentsOf(other);
  const products = bars.reduce(
    (sum, value, index) => sum + (value - moments.mean) * ((other[index] as number) - theirs.mean),
    0,
  );
  const covariance = products / (moments.count - 1);
  const beta =
    theirs.deviation > DEVIATION_MIN ? covariance / (theirs.deviation * theirs.deviation) : Number.NaN;
  const isStill = !(moments.deviation > DEVIATION_MIN && theirs.deviation > DEVIATION_MIN);
  return {
    beta: figure(Number.isNaN(beta) ? 'no-deviation' : beta),
    alpha: figure(
      Number.isNaN(beta)
        ? 'no-deviation'
        : factor
          ? (moments.mean - beta * theirs.mean) * factor.barsPerYear
          : 'span-too-short',
    ),
    correlation: figure(isStill ? 'no-deviation' : covariance / (moments.deviation * theirs.deviation)),
  };
}

function drawdownFigures(all: readonly Drawdown[]) {
  const average = (of: (drawdown: Drawdown) => number) =>
    all.length === 0 ? 0 : all.reduce((sum, drawdown) => sum + of(drawdown), 0) / all.length;
  return {
    count: all.length,
    worst: all.reduce<Drawdown | null>(
      (worst, next) => (next.fraction > (worst?.fraction ?? 0) ? next : worst),
      null,
    ),
    longestMs: all.reduce((longest, { durationMs }) => Math.max(longest, durationMs), 0),
    average: average(({ fraction }) => fraction),
    averageMs: average(({ durationMs }) => durationMs),
  };
}

function allTradeFigures({ trades }: Curves): FullStatistics['trades'] {
  const base = tradeStatistics(trades);
  const count = base.trades;
  const of = (value: number | null, reason: 'no-wins' | 'no-losses' = 'no-losses') =>
    known(value, count === 0 ? 'no-trades' : reason);
  return {
    ...tradeFigures(trades),
    count,
    winRate: of(base.winRate),
    profitFactor: of(base.profitFactor),
    expectancy: of(base.expectancy),
    averageWin: of(base.averageWin, 'no-wins'),
    averageLoss: of(base.averageLoss),
    bestTrade: of(base.bestTrade),
    worstTrade: of(base.worstTrade),
    averageHoldingMs: of(base.averageHoldingHours === null ? null : base.averageHoldingHours * 3_600_000),
  };
}
