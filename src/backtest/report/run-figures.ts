import { type FullStatistics, fullStatistics } from '../figures/full-statistics.js';
import type { BacktestResult } from '../runs/result.js';
import type { Histogram, MonthTable } from './page-types.js';
import { histogramOf, monthTable } from './series.js';

/** The figures of a run's report: all that is no curve, and no row of a table. */
export interface RunFigures {
  readonly run: FullStatistics;
  /** Of buying and holding. */
  readonly benchmark: FullStatistics;
  readonly months: MonthTable | null;
  readonly histogram: Histogram | null;
}

/** What the figures are taken from: a result, or what its log says of it. */
type Told = Pick<
  BacktestResult,
  'equity' | 'trades' | 'benchmark' | 'settings' | 'exposure' | 'turnover' | 'commission'
>;

/** What the curve of a run says, and its trades: of the candles that this curve has. */
export function runFigures(result: Told): RunFigures {
  const { equity, benchmark, settings } = result;
  const { time } = equity;
  return {
    run: fullStatistics(result),
    benchmark: fullStatistics({
      ...result,
      trades: [],
      exposure: 1,
      equity: { ...equity, equity: benchmark.equity },
    }),
    months: monthTable(time, equity.equity, settings.initialCapital),
    histogram: histogramOf(time, equity.equity),
  };
}
