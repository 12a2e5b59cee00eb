import type { Account } from './account.js';
import type { Candles } from './candles.js';
import { equityStatistics } from './statistics.js';
import { tradeStatistics } from './trade-statistics.js';

/** What the walk over the candles leaves behind, besides the account. */
export interface Walked {
  /** Account value at each close. */
  readonly equity: Float64Array;
  /** Candles on whose close a position was held. */
  readonly candlesHeld: number;
}

/** The fields of `backtest.completed` that follow from the walk. */
export function completedData(candles: Candles, initialCapital: number, account: Account, walked: Walked) {
  const curve = equityStatistics(candles.time, walked.equity, initialCapital);
  const trades = tradeStatistics(account.roundTrips);
  return {
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
      exposure_time: walked.candlesHeld / candles.length,
      total_commission: account.commissionPaid,
      turnover: account.turnover,
    },
  };
}
