import type { NewEvent } from '../../faces/define.js';
import { InvalidOptionError } from '../../faces/errors.js';
import { BacktestComparisonCompleted } from '../../trading/index.js';
import { checkObject, checkResult, checkRows } from '../given.js';
import { sha256 } from './plan.js';
import type { BacktestResult } from './result.js';

/** One backtest beside others. Fractions, and null where undefined. */
export interface ComparisonRow {
  readonly backtestId: string;
  readonly strategyId: string;
  readonly totalReturn: number;
  readonly annualReturn: number | null;
  readonly sharpe: number | null;
  readonly maxDrawdown: number;
  readonly trades: number;
  readonly finalCapital: number;
}

/** Several backtests of the same candles, side by side. */
export interface Comparison {
  /** The best by total return first, ties by id. */
  readonly rows: readonly ComparisonRow[];
  /** The `backtest.comparison_completed` that tells the same. */
  readonly event: NewEvent;
}

/**
 * Puts backtests side by side.
 *
 * @throws InvalidOptionError for what are no results, when there are fewer than two, or when they are about different candles.
 */
export function compare(results: readonly BacktestResult[]): Comparison {
  checkRows('compare', 'results', results);
  for (const result of results) {
    checkResult('compare', result);
    checkObject('compare', 'result.identity', result.identity, 'that of what runBacktest returned');
  }
  const [first] = results;
  if (first === undefined || results.length < 2)
    throw new InvalidOptionError('compare needs two backtests or more.');
  const other = results.find(({ identity }) => identity.dataHash !== first.identity.dataHash);
  if (other) {
    throw new InvalidOptionError(
      `compare: '${first.identity.backtestId}' and '${other.identity.backtestId}' are about different candles.`,
    );
  }
  const rows = results
    .map(rowOf)
    .sort((a, b) => b.totalReturn - a.totalReturn || (a.backtestId < b.backtestId ? -1 : 1));
  const [best] = rows as [ComparisonRow];
  const ids = rows.map(({ backtestId }) => backtestId);
  const event = BacktestComparisonCompleted(
    {
      comparison_id: `comparison@${sha256(JSON.stringify(ids)).slice(0, 8)}`,
      backtest_ids: ids,
      strategy_ids: rows.map(({ strategyId }) => strategyId),
      comparison_metrics: Object.fromEntries(
        rows.map(({ backtestId, totalReturn, sharpe, maxDrawdown }) => [
          backtestId,
          { total_return: totalReturn, sharpe_ratio: sharpe, max_drawdown: maxDrawdown },
        ]),
      ),
      best_performing_strategy: best.strategyId,
      comparison_summary: `${best.strategyId} has the highest return of ${rows.length}: ${(best.totalReturn * 100).toFixed(1)} %.`,
    },
    { occurredAt: first.identity.end },
  );
  return { rows, event };
}

function rowOf({ identity, statistics, tradeStatistics, finalCapital }: BacktestResult): ComparisonRow {
  return {
    backtestId: identity.backtestId,
    strategyId: identity.strategyId,
    totalReturn: statistics.totalReturn,
    annualReturn: statistics.annualReturn,
    sharpe: statistics.sharpe,
    maxDrawdown: statistics.maxDrawdown,
    trades: tradeStatistics.trades,
    finalCapital,
  };
}
