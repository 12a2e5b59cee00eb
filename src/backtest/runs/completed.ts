import type { NewEvent } from '../../faces/define.js';
import { BacktestCompleted } from '../../trading/index.js';
import { equityStatistics, type Statistics } from '../statistics.js';
import { type TradeStatistics, tradeStatistics } from '../trade-statistics.js';
import { packedEquity } from './curve.js';
import type { RunPlan } from './plan.js';
import type { RecordingLevel } from './result.js';
import type { Simulated } from './simulate.js';

/** The numbers of a run. */
export interface RunStatistics {
  readonly curve: Statistics;
  readonly trades: TradeStatistics;
}

export function statisticsOf(plan: RunPlan, run: Simulated): RunStatistics {
  const { time } = plan.market.candles;
  return {
    curve: equityStatistics(time, run.equity, plan.settings.initialCapital),
    trades: tradeStatistics(run.rows.trades),
  };
}

/** The `backtest.completed` of a run. */
export function completedEvent(
  plan: RunPlan,
  run: Simulated,
  { curve, trades }: RunStatistics,
  elapsedSeconds: number,
  level: RecordingLevel,
): NewEvent {
  const { candles, symbol } = plan.market;
  const { account } = run.brokers[0];
  return BacktestCompleted(
    {
      backtest_id: plan.backtestId,
      strategy_id: plan.strategyId,
      symbol,
      execution_duration_seconds: elapsedSeconds,
      total_trades: trades.trades,
      winning_trades: trades.winning,
      losing_trades: trades.losing,
      total_return: curve.totalReturn,
      annual_return: curve.annualReturn,
      max_drawdown: curve.maxDrawdown,
      sharpe_ratio: curve.sharpe,
      win_rate: trades.winRate,
      profit_factor: trades.profitFactor,
      average_holding_time_hours: trades.averageHoldingHours,
      final_capital: curve.finalCapital,
      performance_metrics: {
        candles: candles.length,
        periods_per_year: curve.periodsPerYear,
        annual_volatility: curve.annualVolatility,
        sortino_ratio: curve.sortino,
        calmar_ratio: curve.calmar,
        max_drawdown_days: curve.maxDrawdownDays,
        peak_capital: curve.peakCapital,
        average_win: trades.averageWin,
        average_loss: trades.averageLoss,
        expectancy: trades.expectancy,
        best_trade: trades.bestTrade,
        worst_trade: trades.worstTrade,
        exposure_time: run.candlesHeld / candles.length,
        total_commission: account.commissionPaid,
        turnover: account.turnover,
        ...(account.fundingReceived !== undefined && { total_funding: account.fundingReceived }),
      },
      ...(level !== 'summary' && {
        equity_curve: packedEquity(run.equity, plan.settings.initialCapital),
      }),
    },
    { occurredAt: candles.end },
  );
}
