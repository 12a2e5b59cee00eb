import { z } from 'zod';
import { defineEvent } from '../faces/define.js';
import {
  amount,
  backtestFields,
  count,
  epochMs,
  fraction,
  id,
  json,
  packedColumn,
  percent,
  real,
  text,
} from './fields.js';

/** A backtest went through all of its candles. A ratio is null where it is not defined: 0 trades have no win rate. */
export const BacktestCompleted = defineEvent('backtest.completed', {
  schema: z.strictObject({
    ...backtestFields,
    /** Wall-clock seconds. */
    execution_duration_seconds: amount,
    /** Positions, or parts of them, that were opened and closed. */
    total_trades: count,
    winning_trades: count,
    losing_trades: count,
    /** 0.5 is fifty percent more than the initial capital. */
    total_return: real,
    /** Compound annual growth rate; null over less than 30 days. */
    annual_return: real.nullable(),
    /** Largest fall from a peak of the equity, as a positive fraction of that peak. */
    max_drawdown: fraction,
    /** Annualised, risk-free rate 0; null over less than 30 days, for fewer than two returns, without variation, and for an account that was ruined. */
    sharpe_ratio: real.nullable(),
    win_rate: fraction.nullable(),
    /** Gross profit over gross loss; null without a loss. */
    profit_factor: amount.nullable(),
    average_holding_time_hours: amount.nullable(),
    /** Below 0 when more than all was lost. */
    final_capital: real,
    performance_metrics: json.optional(),
    /** The account's value at the close of each candle that is in the curves of `backtest.data_loaded`; an addition to the original's fields. */
    equity_curve: packedColumn.optional(),
  }),
  aggregateId: (data) => data.backtest_id,
  volatile: ['execution_duration_seconds'],
});

/** A backtest ended with an error. */
export const BacktestFailed = defineEvent('backtest.failed', {
  schema: z.strictObject({
    ...backtestFields,
    failure_stage: z.enum(['data_loading', 'signal_generation', 'trade_execution', 'metric_calculation']),
    error_message: text,
    error_type: text,
    stack_trace: text.optional(),
    partial_results: json.optional(),
  }),
  aggregateId: (data) => data.backtest_id,
});

/** A backtest was stopped from outside. */
export const BacktestStopped = defineEvent('backtest.stopped', {
  schema: z.strictObject({
    ...backtestFields,
    stop_reason: text,
    /** 0 to 100. */
    progress_when_stopped: percent,
    stopped_by: text.optional(),
    partial_results: json.optional(),
  }),
  aggregateId: (data) => data.backtest_id,
});

/** The result of a backtest was written somewhere else. */
export const BacktestResultSaved = defineEvent('backtest.result_saved', {
  schema: z.strictObject({
    backtest_id: id,
    strategy_id: id,
    result_storage_id: id,
    /** A path or address: where it lies depends on the machine. */
    storage_location: text,
    result_summary: json,
    /** Wall-clock time. */
    save_timestamp: epochMs,
  }),
  aggregateId: (data) => data.backtest_id,
  aliases: ['backtest.result.saved'],
  volatile: ['storage_location', 'save_timestamp'],
});

/** Several backtests were compared. Belongs to the comparison, not to one of the backtests. */
export const BacktestComparisonCompleted = defineEvent('backtest.comparison_completed', {
  schema: z.strictObject({
    comparison_id: id,
    backtest_ids: z.array(id),
    strategy_ids: z.array(id),
    comparison_metrics: json,
    best_performing_strategy: text,
    comparison_summary: text,
  }),
  aggregateId: (data) => data.comparison_id,
  aliases: ['backtest.comparison.completed'],
});
