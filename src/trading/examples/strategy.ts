import type { strategyEvents } from '../catalogue.js';
import type { Examples } from './examples.js';
import { backtest, seenAt, strategy, symbol } from './story.js';

export const strategyExamples: Examples<(typeof strategyEvents)[number]['type']> = {
  'strategy.created': {
    ...strategy,
    strategy_type: 'mean_reversion',
    created_by: 'ada',
    strategy_config: { length: 14, entry: 30, exit: 60, stop: 0.05 },
  },
  'strategy.updated': {
    ...strategy,
    updated_fields: { exit: 65 },
    previous_version: '1.0',
    new_version: '1.1',
  },
  'strategy.deleted': { ...strategy, deleted_by: 'ada', deletion_reason: 'replaced' },
  'strategy.activated': { ...strategy, activated_by: 'ada', activation_reason: 'backtest passed' },
  'strategy.deactivated': { ...strategy, deactivated_by: 'risk', deactivation_reason: 'daily loss' },
  'strategy.backtest_completed': {
    strategy_id: strategy.strategy_id,
    backtest_id: backtest.backtest_id,
    symbol,
    total_return: 0.184,
    max_drawdown: 0.092,
    sharpe_ratio: 1.31,
    win_rate: 0.625,
    total_trades: 8,
    completed_at: seenAt,
    additional_metrics: { exposure: 0.41 },
  },
  'strategy.validated': {
    strategy_id: strategy.strategy_id,
    validation_type: 'out_of_sample',
    validation_result: 'passed',
    validation_details: { from: '2024-01-01', trades: 3 },
    confidence_score: 0.8,
  },
  'strategy.validation_failed': {
    strategy_id: strategy.strategy_id,
    validation_type: 'out_of_sample',
    validation_result: 'failed',
    error_message: 'Too few trades to judge.',
    error_details: { trades: 1, needed: 3 },
  },
};
