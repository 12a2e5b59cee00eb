import type { DataOf, DomainEvent } from '../index.js';
import { BacktestCompleted } from '../trading/index.js';
import type { RsiParameters } from './strategy.js';
import type { SweepPlan } from './sweep-plan.js';

/** One row of the result table. Fractions, and null where undefined, as in `backtest.completed`. */
export interface SweepRow extends RsiParameters {
  readonly backtestId: string;
  readonly totalReturn: number;
  readonly annualReturn: number | null;
  readonly sharpe: number | null;
  readonly maxDrawdown: number;
  readonly winRate: number | null;
  readonly profitFactor: number | null;
  readonly trades: number;
  readonly finalCapital: number;
}

/** What a sweep's log says. */
export interface SweepLog {
  readonly events: number;
  readonly countsByType: Readonly<Record<string, number>>;
  readonly results: readonly SweepRow[];
}

interface Log {
  read(options: { fromPosition: number }): AsyncIterable<DomainEvent>;
}

/** Reads the log once: events by type (names in sorted order), and the results in canonical order. */
export async function readResults(log: Log, plan: SweepPlan): Promise<SweepLog> {
  const parameters = new Map(plan.runs.map((run) => [run.backtestId, run.parameters]));
  const counts = new Map<string, number>();
  const results: SweepRow[] = [];
  let events = 0;
  for await (const event of log.read({ fromPosition: 1 })) {
    events++;
    counts.set(event.type, (counts.get(event.type) ?? 0) + 1);
    const own = event.type === BacktestCompleted.type ? parameters.get(event.aggregateId) : undefined;
    if (own) results.push(rowOf(event.data as DataOf<typeof BacktestCompleted>, own));
  }
  const countsByType = Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { events, countsByType, results: results.sort(byReturn) };
}

function rowOf(data: DataOf<typeof BacktestCompleted>, parameters: RsiParameters): SweepRow {
  return {
    backtestId: data.backtest_id,
    ...parameters,
    totalReturn: data.total_return,
    annualReturn: data.annual_return,
    sharpe: data.sharpe_ratio,
    maxDrawdown: data.max_drawdown,
    winRate: data.win_rate,
    profitFactor: data.profit_factor,
    trades: data.total_trades,
    finalCapital: data.final_capital,
  };
}

/** Ties are common (two stops that never triggered), so the id decides them. */
function byReturn(a: SweepRow, b: SweepRow): number {
  if (a.totalReturn !== b.totalReturn) return b.totalReturn - a.totalReturn;
  return a.backtestId < b.backtestId ? -1 : 1;
}
