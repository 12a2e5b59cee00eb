import { z } from 'zod';
import type { DataOf, NewEvent } from '../../faces/define.js';
import { BacktestCompleted } from '../../trading/index.js';
import type { FullStatistics } from '../figures/full-statistics.js';
import { REPORT_MAX_ROWS } from '../report/limits.js';
import { type RunFigures, runFigures } from '../report/run-figures.js';
import type { BacktestResult, OrderRow } from '../runs/result.js';

// The curve of a log has one candle in so many, and figures of those are others. A run of its own therefore writes the
// figures of its report down, of all candles; the thousands of a sweep have those of their ranking. So does it with the
// ends of orders that were filled in part, which are events at the level `full` alone.

/** The events of a run, with the figures of its report in its `backtest.completed`. */
export function withFigures(events: readonly NewEvent[], result: BacktestResult): NewEvent[] {
  return events.map((event) => {
    if (event.type !== BacktestCompleted.type) return event;
    const data = event.data as DataOf<typeof BacktestCompleted>;
    return BacktestCompleted(
      {
        ...data,
        performance_metrics: {
          ...data.performance_metrics,
          report: { ...runFigures(result) },
          cut_orders: cutOrders(result.orders),
        },
      },
      event.options,
    );
  });
}

/** What `withFigures` wrote; undefined where there is none: of a sweep's run, or by a version that wrote others. */
export function writtenFigures({
  performance_metrics,
}: DataOf<typeof BacktestCompleted>): RunFigures | undefined {
  return Written.safeParse(performance_metrics?.report).data;
}

/** How the rest of an order ended that was filled in part. */
export type CutOrder = z.output<typeof Cut>;

/** Those that `withFigures` wrote, by number. */
export function writtenCuts({
  performance_metrics,
}: DataOf<typeof BacktestCompleted>): ReadonlyMap<number, CutOrder> {
  const cuts = z.array(Cut).safeParse(performance_metrics?.cut_orders).data ?? [];
  return new Map(cuts.map((cut) => [cut.number, cut]));
}

const isCut: ReadonlySet<OrderRow['status']> = new Set(['cancelled', 'expired', 'rejected']);

/** As many as the table of a report has: each has some sixty bytes of one event. */
function cutOrders(orders: readonly OrderRow[]): CutOrder[] {
  return orders
    .filter(({ status, filledQuantity }) => filledQuantity > 0 && isCut.has(status))
    .slice(0, REPORT_MAX_ROWS)
    .map(({ number, status, endTime, reason }) => Cut.parse({ number, status, endTime, reason }));
}

const number = z.number();
const Cut = z.object({
  number,
  status: z.enum(['cancelled', 'expired', 'rejected']),
  endTime: number.nullable(),
  reason: z.string().nullable(),
});
const known = number.nullable();
const figure = z.union([
  z.object({ value: number }),
  z.object({
    value: z.null(),
    reason: z.enum([
      'span-too-short',
      'too-few-returns',
      'no-deviation',
      'no-drawdown',
      'ruined',
      'not-finite',
      'no-trades',
      'no-wins',
      'no-losses',
    ]),
  }),
]);
const returns = z.object({ count: number, mean: figure, deviation: figure, sharpe: figure, sortino: figure });

const drawdown = z.object({
  start: number,
  peak: number,
  bottomTime: number,
  bottom: number,
  end: known,
  fraction: number,
  durationMs: number,
});

const trades = z.object({
  long: number,
  short: number,
  averageTrade: known,
  payoffRatio: known,
  longestWinStreak: number,
  longestLossStreak: number,
  shortestHoldingMs: known,
  longestHoldingMs: known,
  sqn: known,
  kelly: known,
  averageWorst: known,
  averageBest: known,
  count: number,
  winRate: figure,
  profitFactor: figure,
  expectancy: figure,
  averageWin: figure,
  averageLoss: figure,
  bestTrade: figure,
  worstTrade: figure,
  averageHoldingMs: figure,
});

const statistics: z.ZodType<FullStatistics> = z.object({
  start: number,
  end: number,
  days: number,
  bars: number,
  initialCapital: number,
  finalCapital: number,
  peakCapital: number,
  totalReturn: number,
  benchmarkReturn: number,
  annualReturn: figure,
  annualisation: z
    .object({ barsPerYear: number, daysPerYear: number, from: z.enum(['data', 'calendar']) })
    .nullable(),
  perBar: returns,
  perDay: returns,
  annualVolatility: figure,
  sharpe: figure,
  sortino: figure,
  calmar: figure,
  probabilisticSharpe: figure,
  omega: figure,
  skewness: figure,
  kurtosis: figure,
  valueAtRisk: figure,
  expectedShortfall: figure,
  beta: figure,
  alpha: figure,
  correlation: figure,
  drawdowns: z.object({
    count: number,
    worst: drawdown.nullable(),
    longestMs: number,
    average: number,
    averageMs: number,
  }),
  trades,
  exposure: number,
  turnover: number,
  commission: number,
  funding: number.nullable(),
});

const Written: z.ZodType<RunFigures> = z.object({
  run: statistics,
  benchmark: statistics,
  months: z
    .object({ years: z.array(z.object({ year: number, months: z.array(known), total: number })) })
    .nullable(),
  histogram: z
    .object({
      per: z.enum(['day', 'bar']),
      count: number,
      bins: z.array(z.object({ from: number, to: number, count: number })),
    })
    .nullable(),
});
