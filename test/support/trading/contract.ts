/** One of the 43 events as the original program has it. */
export interface ContractEvent {
  /** The original's class, without the word Event that three of them end in. */
  readonly name: string;
  readonly type: string;
  /** The original's type string. It equals `type` where that is of the form {domain}.{action} already. */
  readonly original: string;
  readonly aggregate: string;
  /** The field that orders the event; ours, the original had no such thing. */
  readonly key: string;
  /**
   * Name and kind: s text, i integer, f number, b boolean, t time, j object, [] list; `?` is optional. Values
   * in parentheses are those of an enum.
   */
  readonly fields: string;
}

/** What the 43 events must be, written down once more and by hand, so that no definition checks itself. */
export const CONTRACT: readonly ContractEvent[] = [
  {
    name: 'StrategyCreated',
    type: 'strategy.created',
    original: 'strategy.created',
    aggregate: 'strategy_id',
    key: 'strategy_id',
    fields: 'strategy_id s, strategy_name s, strategy_type? s, created_by? s, strategy_config? j',
  },
  {
    name: 'StrategyUpdated',
    type: 'strategy.updated',
    original: 'strategy.updated',
    aggregate: 'strategy_id',
    key: 'strategy_id',
    fields: 'strategy_id s, strategy_name s, updated_fields? j, previous_version? s, new_version? s',
  },
  {
    name: 'StrategyDeleted',
    type: 'strategy.deleted',
    original: 'strategy.deleted',
    aggregate: 'strategy_id',
    key: 'strategy_id',
    fields: 'strategy_id s, strategy_name s, deleted_by? s, deletion_reason? s',
  },
  {
    name: 'StrategyActivated',
    type: 'strategy.activated',
    original: 'strategy.activated',
    aggregate: 'strategy_id',
    key: 'strategy_id',
    fields: 'strategy_id s, strategy_name s, activated_by? s, activation_reason? s',
  },
  {
    name: 'StrategyDeactivated',
    type: 'strategy.deactivated',
    original: 'strategy.deactivated',
    aggregate: 'strategy_id',
    key: 'strategy_id',
    fields: 'strategy_id s, strategy_name s, deactivated_by? s, deactivation_reason? s',
  },
  {
    name: 'StrategyBacktestCompleted',
    type: 'strategy.backtest_completed',
    original: 'strategy.backtest.completed',
    aggregate: 'strategy_id',
    key: 'strategy_id',
    fields:
      'strategy_id s, backtest_id s, symbol s, total_return f, max_drawdown f, sharpe_ratio f, win_rate? f, total_trades? i, completed_at? t, additional_metrics? j',
  },
  {
    name: 'StrategyValidated',
    type: 'strategy.validated',
    original: 'strategy.validated',
    aggregate: 'strategy_id',
    key: 'strategy_id',
    fields:
      'strategy_id s, validation_type? s, validation_result? s, validation_details? j, confidence_score? f',
  },
  {
    name: 'StrategyValidationFailed',
    type: 'strategy.validation_failed',
    original: 'strategy.validation_failed',
    aggregate: 'strategy_id',
    key: 'strategy_id',
    fields: 'strategy_id s, validation_type? s, validation_result? s, error_message? s, error_details? j',
  },
  {
    name: 'TriggerCreated',
    type: 'trigger.created',
    original: 'trigger.created',
    aggregate: 'trigger_id',
    key: 'trigger_id',
    fields:
      'trigger_id s, trigger_name s, strategy_id s, trigger_conditions j[], logic_operator? s (AND), created_by? s',
  },
  {
    name: 'TriggerUpdated',
    type: 'trigger.updated',
    original: 'trigger.updated',
    aggregate: 'trigger_id',
    key: 'trigger_id',
    fields: 'trigger_id s, trigger_name s, updated_conditions j[], previous_conditions j[], logic_operator s',
  },
  {
    name: 'TriggerDeleted',
    type: 'trigger.deleted',
    original: 'trigger.deleted',
    aggregate: 'trigger_id',
    key: 'trigger_id',
    fields: 'trigger_id s, trigger_name s, strategy_id s, deleted_by? s',
  },
  {
    name: 'TriggerEvaluationStarted',
    type: 'trigger.evaluation_started',
    original: 'trigger.evaluation.started',
    aggregate: 'trigger_id',
    key: 'trigger_id',
    fields: 'trigger_id s, strategy_id s, symbol s, evaluation_timestamp t, market_data j',
  },
  {
    name: 'TriggerEvaluationCompleted',
    type: 'trigger.evaluation_completed',
    original: 'trigger.evaluation.completed',
    aggregate: 'trigger_id',
    key: 'trigger_id',
    fields:
      'trigger_id s, strategy_id s, symbol s, evaluation_result b, triggered_conditions s[], failed_conditions s[], evaluation_duration_ms f, market_data_snapshot? j',
  },
  {
    name: 'TriggerConditionMet',
    type: 'trigger.condition_met',
    original: 'trigger.condition.met',
    aggregate: 'trigger_id',
    key: 'trigger_id',
    fields:
      'trigger_id s, condition_id s, condition_name s, symbol s, condition_value any, threshold_value any, operator s (> < >= <= == !=)',
  },
  {
    name: 'TradingSignalGenerated',
    type: 'trigger.signal_generated',
    original: 'signal.generated',
    aggregate: 'signal_id',
    key: 'strategy_id',
    fields:
      'signal_id s, strategy_id s, trigger_id s or null, symbol s, signal_type s (BUY, SELL, HOLD, ADD_BUY, CLOSE_POSITION), signal_strength f (0..1), price f, reason? s, quantity? f, confidence? f, technical_indicators? j',
  },
  {
    name: 'TradingSignalExecuted',
    type: 'trigger.signal_executed',
    original: 'signal.executed',
    aggregate: 'signal_id',
    key: 'strategy_id',
    fields:
      'signal_id s, strategy_id s, symbol s, signal_type s, execution_price f, execution_quantity f, execution_timestamp t, execution_fee? f, order_id? s',
  },
  {
    name: 'TradingSignalRejected',
    type: 'trigger.signal_rejected',
    original: 'signal.rejected',
    aggregate: 'signal_id',
    key: 'strategy_id',
    fields: 'signal_id s, strategy_id s, symbol s, signal_type s, rejection_reason s, risk_check_results? j',
  },
  {
    name: 'ConditionValidationCompleted',
    type: 'trigger.condition_validated',
    original: 'condition.validation.completed',
    aggregate: 'condition_id',
    key: 'condition_id',
    fields:
      'condition_id s, variable_id s, validation_result b, compatibility_checks j[], validation_errors? s[]',
  },
  {
    name: 'TriggerEvaluated',
    type: 'trigger.evaluated',
    original: 'trigger.evaluated',
    aggregate: 'trigger_id',
    key: 'trigger_id',
    fields:
      'trigger_id s, strategy_id s, symbol s, evaluation_result b, evaluation_timestamp t, market_data? j',
  },
  {
    name: 'TriggerActivated',
    type: 'trigger.activated',
    original: 'trigger.activated',
    aggregate: 'trigger_id',
    key: 'trigger_id',
    fields: 'trigger_id s, strategy_id s, symbol s, activation_timestamp t, activation_conditions? s[]',
  },
  {
    name: 'TriggerEvaluationFailed',
    type: 'trigger.evaluation_failed',
    original: 'trigger.evaluation.failed',
    aggregate: 'trigger_id',
    key: 'trigger_id',
    fields:
      'trigger_id s, strategy_id s, symbol s, error_message s, evaluation_timestamp t, error_details? j',
  },
  {
    name: 'OrderPlaced',
    type: 'trading.order_placed',
    original: 'order.placed',
    aggregate: 'order_id',
    key: 'strategy_id',
    fields:
      'order_id s, strategy_id s, symbol s, order_type s (market, limit), side s (buy, sell), quantity f, price? f, order_metadata? j',
  },
  {
    name: 'OrderExecuted',
    type: 'trading.order_executed',
    original: 'order.executed',
    aggregate: 'order_id',
    key: 'strategy_id',
    fields:
      'order_id s, trade_id s, strategy_id s, symbol s, side s, executed_quantity f, executed_price f, execution_fee f, execution_timestamp t, remaining_quantity? f',
  },
  {
    name: 'OrderCancelled',
    type: 'trading.order_cancelled',
    original: 'order.cancelled',
    aggregate: 'order_id',
    key: 'strategy_id',
    fields:
      'order_id s, strategy_id s, symbol s, cancellation_reason s, cancelled_by? s, remaining_quantity? f',
  },
  {
    name: 'OrderFailed',
    type: 'trading.order_failed',
    original: 'order.failed',
    aggregate: 'order_id',
    key: 'strategy_id',
    fields: 'order_id s, strategy_id s, symbol s, failure_reason s, error_code? s, error_details? j',
  },
  {
    name: 'PositionOpened',
    type: 'trading.position_opened',
    original: 'position.opened',
    aggregate: 'position_id',
    key: 'strategy_id',
    fields:
      'position_id s, strategy_id s, symbol s, side s (long, short), entry_price f, quantity f, entry_timestamp t, initial_stop_loss? f, initial_take_profit? f',
  },
  {
    name: 'PositionClosed',
    type: 'trading.position_closed',
    original: 'position.closed',
    aggregate: 'position_id',
    key: 'strategy_id',
    fields:
      'position_id s, strategy_id s, symbol s, exit_price f, exit_quantity f, exit_timestamp t, profit_loss f, profit_loss_percent f, holding_duration_seconds f, closure_reason s (take_profit, stop_loss, manual, timeout)',
  },
  {
    name: 'PositionUpdated',
    type: 'trading.position_updated',
    original: 'position.updated',
    aggregate: 'position_id',
    key: 'strategy_id',
    fields:
      'position_id s, strategy_id s, symbol s, current_price f, unrealized_pnl f, unrealized_pnl_percent f, updated_fields j, stop_loss? f, take_profit? f',
  },
  {
    name: 'TradeCompleted',
    type: 'trading.trade_completed',
    original: 'trade.completed',
    aggregate: 'trade_id',
    key: 'strategy_id',
    fields:
      'trade_id s, strategy_id s, symbol s, trade_type s (round_trip, partial), entry_price f, exit_price f, quantity f, profit_loss f, profit_loss_percent f, commission_total f, holding_duration_seconds f, entry_timestamp t, exit_timestamp t',
  },
  {
    name: 'RiskLimitExceeded',
    type: 'trading.risk_limit_exceeded',
    original: 'risk.limit.exceeded',
    aggregate: 'strategy_id',
    key: 'strategy_id',
    fields:
      'strategy_id s, symbol s, risk_type s (max_drawdown, position_size, daily_loss), current_value f, limit_value f, risk_percentage f, triggered_action s (stop_trading, reduce_position, alert_only)',
  },
  {
    name: 'MarginCallTriggered',
    type: 'trading.margin_call_triggered',
    original: 'margin.call.triggered',
    aggregate: 'strategy_id',
    key: 'strategy_id',
    fields:
      'strategy_id s, symbol s, current_margin_ratio f, required_margin_ratio f, position_value f, available_margin f, liquidation_risk b',
  },
  {
    name: 'BacktestStarted',
    type: 'backtest.started',
    original: 'backtest.started',
    aggregate: 'backtest_id',
    key: 'backtest_id',
    fields:
      'backtest_id s, strategy_id s, symbol s, start_date t, end_date t, initial_capital f, timeframe s, backtest_settings? j, started_by? s',
  },
  {
    name: 'BacktestDataLoaded',
    type: 'backtest.data_loaded',
    original: 'backtest.data.loaded',
    aggregate: 'backtest_id',
    key: 'backtest_id',
    fields:
      'backtest_id s, strategy_id s, symbol s, data_points_count i, data_start_date t, data_end_date t, indicators_calculated s[], data_load_duration_ms f',
  },
  {
    name: 'BacktestSignalGenerated',
    type: 'backtest.signal_generated',
    original: 'backtest.signal.generated',
    aggregate: 'backtest_id',
    key: 'backtest_id',
    fields:
      'backtest_id s, strategy_id s, symbol s, signal_timestamp t, signal_type s (BUY, SELL, HOLD), signal_price f, signal_strength f, signal_reason s, technical_indicators? j',
  },
  {
    name: 'BacktestTradeExecuted',
    type: 'backtest.trade_executed',
    original: 'backtest.trade.executed',
    aggregate: 'backtest_id',
    key: 'backtest_id',
    fields:
      'backtest_id s, strategy_id s, symbol s, trade_id s, trade_type s (buy, sell), execution_timestamp t, execution_price f, execution_quantity f, commission f, current_capital f, current_position f',
  },
  {
    name: 'BacktestPositionOpened',
    type: 'backtest.position_opened',
    original: 'backtest.position.opened',
    aggregate: 'backtest_id',
    key: 'backtest_id',
    fields:
      'backtest_id s, strategy_id s, symbol s, position_id s, entry_timestamp t, entry_price f, position_size f, position_value f',
  },
  {
    name: 'BacktestPositionClosed',
    type: 'backtest.position_closed',
    original: 'backtest.position.closed',
    aggregate: 'backtest_id',
    key: 'backtest_id',
    fields:
      'backtest_id s, strategy_id s, symbol s, position_id s, exit_timestamp t, exit_price f, position_size f, profit_loss f, profit_loss_percent f, holding_duration_seconds f',
  },
  {
    name: 'BacktestProgressUpdated',
    type: 'backtest.progress_updated',
    original: 'backtest.progress.updated',
    aggregate: 'backtest_id',
    key: 'backtest_id',
    fields:
      'backtest_id s, strategy_id s, symbol s, progress_percent f, current_date t, processed_points i, total_points i, estimated_remaining_seconds f, current_performance? j',
  },
  {
    name: 'BacktestCompleted',
    type: 'backtest.completed',
    original: 'backtest.completed',
    aggregate: 'backtest_id',
    key: 'backtest_id',
    fields:
      'backtest_id s, strategy_id s, symbol s, execution_duration_seconds f, total_trades i, winning_trades i, losing_trades i, total_return f, annual_return f, max_drawdown f, sharpe_ratio f, win_rate f, profit_factor f, average_holding_time_hours f, final_capital f, performance_metrics? j',
  },
  {
    name: 'BacktestFailed',
    type: 'backtest.failed',
    original: 'backtest.failed',
    aggregate: 'backtest_id',
    key: 'backtest_id',
    fields:
      'backtest_id s, strategy_id s, symbol s, failure_stage s (data_loading, signal_generation, trade_execution, metric_calculation), error_message s, error_type s, stack_trace? s, partial_results? j',
  },
  {
    name: 'BacktestStopped',
    type: 'backtest.stopped',
    original: 'backtest.stopped',
    aggregate: 'backtest_id',
    key: 'backtest_id',
    fields:
      'backtest_id s, strategy_id s, symbol s, stop_reason s, progress_when_stopped f, stopped_by? s, partial_results? j',
  },
  {
    name: 'BacktestResultSaved',
    type: 'backtest.result_saved',
    original: 'backtest.result.saved',
    aggregate: 'backtest_id',
    key: 'backtest_id',
    fields:
      'backtest_id s, strategy_id s, result_storage_id s, storage_location s, result_summary j, save_timestamp t',
  },
  {
    name: 'BacktestComparisonCompleted',
    type: 'backtest.comparison_completed',
    original: 'backtest.comparison.completed',
    aggregate: 'comparison_id',
    key: 'comparison_id',
    fields:
      'comparison_id s, backtest_ids s[], strategy_ids s[], comparison_metrics j, best_performing_strategy s, comparison_summary s',
  },
];
