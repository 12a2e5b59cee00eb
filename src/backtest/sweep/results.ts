import type { DataOf, DomainEvent } from '../../faces/define.js';
import { BacktestCompleted, BacktestFailed, BacktestStarted } from '../../trading/index.js';
import type { Overfitting } from '../figures/overfitting.js';
import { oneOf } from '../given.js';
import { SWEEP_RESULT_ROWS } from '../runs/limits.js';
import { CurveSet } from './curve-set.js';
import type { FailedRun, SweepMetric, SweepRow } from './options.js';
import { parametersOf } from './settings.js';

/** The figures by which the runs of a sweep can be sorted. */
export const SWEEP_METRICS: readonly SweepMetric[] = [
  'totalReturn',
  'annualReturn',
  'sharpe',
  'sortino',
  'calmar',
  'maxDrawdown',
  'winRate',
  'profitFactor',
  'trades',
  'finalCapital',
];

/** @throws InvalidOptionError */
export function checkMetric(metric: string): SweepMetric {
  return oneOf("'sortBy'", metric as SweepMetric, SWEEP_METRICS);
}

/** The better one first: a smaller drawdown, more of everything else; null last; ties by id, so that they are an order. */
export function better(metric: SweepMetric): (a: SweepRow, b: SweepRow) => number {
  const sign = metric === 'maxDrawdown' ? 1 : -1;
  return (a, b) => {
    const [x, y] = [a[metric], b[metric]];
    if (x !== y) {
      if (x === null) return 1;
      if (y === null) return -1;
      return sign * (x - y);
    }
    return a.backtestId < b.backtestId ? -1 : 1;
  };
}

/** Keeps the best rows of any number. */
export class BestRows {
  readonly rows: SweepRow[] = [];
  readonly #order: (a: SweepRow, b: SweepRow) => number;
  readonly #most: number;

  constructor(metric: SweepMetric, most: number) {
    this.#order = better(metric);
    this.#most = most;
  }

  add(row: SweepRow): void {
    const { rows } = this;
    const last = rows.at(-1);
    if (rows.length >= this.#most && last !== undefined && this.#order(row, last) > 0) return;
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#order(rows[middle] as SweepRow, row) < 0) low = middle + 1;
      else high = middle;
    }
    rows.splice(low, 0, row);
    if (rows.length > this.#most) rows.pop();
  }
}

export function rowOf(data: DataOf<typeof BacktestCompleted>, parameters: SweepRow['parameters']): SweepRow {
  const metrics = (data.performance_metrics ?? {}) as Readonly<Record<string, number | null | undefined>>;
  return {
    backtestId: data.backtest_id,
    parameters,
    totalReturn: data.total_return,
    annualReturn: data.annual_return,
    sharpe: data.sharpe_ratio,
    sortino: metrics.sortino_ratio ?? null,
    calmar: metrics.calmar_ratio ?? null,
    maxDrawdown: data.max_drawdown,
    winRate: data.win_rate,
    profitFactor: data.profit_factor,
    trades: data.total_trades,
    finalCapital: data.final_capital,
  };
}

/** What a sweep's log says. */
export interface SweepLog {
  readonly events: number;
  readonly countsByType: Readonly<Record<string, number>>;
  readonly completed: number;
  readonly failed: number;
  readonly profitable: number;
  readonly best: readonly SweepRow[];
  readonly results: readonly SweepRow[] | null;
  readonly failures: readonly FailedRun[];
  readonly overfitting: Overfitting | null;
}

/** Failed runs that are named. */
const NAMED_FAILURES = 10;

/**
 * What events of a sweep say, taken one after the other: the best rows and sums, and all rows as long as they are few. Of
 * one run they must come in order; those of different runs may come in any.
 */
export class SweepTally {
  readonly #counts = new Map<string, number>();
  /** Of the runs that have begun and not ended. */
  readonly #parameters = new Map<string, SweepRow['parameters']>();
  readonly #best: BestRows;
  readonly #order: (a: SweepRow, b: SweepRow) => number;
  readonly #failures: FailedRun[] = [];
  readonly #curves = new CurveSet();
  readonly #sums = { events: 0, completed: 0, failed: 0, profitable: 0 };
  #results: SweepRow[] | null = [];

  constructor(metric: SweepMetric, top: number) {
    this.#best = new BestRows(metric, top);
    this.#order = better(metric);
  }

  /** How many were counted. */
  get events(): number {
    return this.#sums.events;
  }

  /** Events that are not looked at, by type. */
  count(byType: Readonly<Record<string, number>>): void {
    for (const [type, count] of Object.entries(byType)) {
      this.#sums.events += count;
      this.#counts.set(type, (this.#counts.get(type) ?? 0) + count);
    }
  }

  add(event: DomainEvent): void {
    this.count({ [event.type]: 1 });
    switch (event.type) {
      case BacktestStarted.type:
        this.#parameters.set(event.aggregateId, parametersOf(event.data as DataOf<typeof BacktestStarted>));
        return;
      case BacktestCompleted.type:
        this.#completed(event.data as DataOf<typeof BacktestCompleted>);
        return;
      case BacktestFailed.type:
        this.#parameters.delete(event.aggregateId);
        this.#sums.failed++;
        keepFirst(this.#failures, event.data as DataOf<typeof BacktestFailed>);
    }
  }

  read(): SweepLog {
    const countsByType = Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
    const results = this.#results?.toSorted(this.#order) ?? null;
    const overfitting = this.#curves.overfitting();
    return {
      ...this.#sums,
      countsByType,
      best: this.#best.rows,
      results,
      failures: this.#failures,
      overfitting,
    };
  }

  #completed(data: DataOf<typeof BacktestCompleted>): void {
    const row = rowOf(data, this.#parameters.get(data.backtest_id) ?? {});
    this.#parameters.delete(data.backtest_id);
    this.#sums.completed++;
    if (row.totalReturn > 0) this.#sums.profitable++;
    this.#best.add(row);
    this.#curves.add(data.backtest_id, data.equity_curve);
    this.#results?.push(row);
    if (this.#results !== null && this.#results.length > SWEEP_RESULT_ROWS) this.#results = null;
  }
}

/** Those of the smallest ids: which come first in the log depends on threads. */
function keepFirst(failures: FailedRun[], data: DataOf<typeof BacktestFailed>): void {
  failures.push({ backtestId: data.backtest_id, error: data.error_message, type: data.error_type });
  failures.sort((a, b) => (a.backtestId < b.backtestId ? -1 : 1));
  if (failures.length > NAMED_FAILURES) failures.pop();
}
