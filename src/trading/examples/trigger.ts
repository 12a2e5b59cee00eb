import type { triggerEvents } from '../catalogue.js';
import type { Examples } from './examples.js';
import { filledAt, order, seenAt, strategy, symbol, trigger } from './story.js';

const condition = { variable: 'rsi', operator: '<', threshold: 30 };
const named = { trigger_id: trigger.trigger_id, trigger_name: 'RSI below 30' };
const signal = {
  signal_id: 'signal-1',
  strategy_id: strategy.strategy_id,
  symbol,
  signal_type: 'BUY' as const,
};

export const triggerExamples: Examples<(typeof triggerEvents)[number]['type']> = {
  'trigger.created': {
    ...named,
    strategy_id: strategy.strategy_id,
    trigger_conditions: [condition],
    logic_operator: 'AND',
    created_by: 'ada',
  },
  'trigger.updated': {
    ...named,
    updated_conditions: [{ ...condition, threshold: 28 }],
    previous_conditions: [condition],
    logic_operator: 'AND',
  },
  'trigger.deleted': { ...named, strategy_id: strategy.strategy_id, deleted_by: 'ada' },
  'trigger.evaluation_started': {
    ...trigger,
    evaluation_timestamp: seenAt,
    market_data: { close: '95000000', rsi: 27.4 },
  },
  'trigger.evaluation_completed': {
    ...trigger,
    evaluation_result: true,
    triggered_conditions: ['condition-rsi'],
    failed_conditions: [],
    evaluation_duration_ms: 0.42,
    market_data_snapshot: { close: '95000000', rsi: 27.4 },
  },
  'trigger.condition_met': {
    trigger_id: trigger.trigger_id,
    condition_id: 'condition-rsi',
    condition_name: 'RSI below 30',
    symbol,
    condition_value: 27.4,
    threshold_value: 30,
    operator: '<',
  },
  'trigger.signal_generated': {
    ...signal,
    trigger_id: trigger.trigger_id,
    signal_strength: 0.7,
    price: '95000000',
    reason: 'RSI below 30',
    quantity: '0.01',
    confidence: 0.6,
    technical_indicators: { rsi: 27.4 },
  },
  'trigger.signal_executed': {
    ...signal,
    execution_price: '95000000',
    execution_quantity: '0.01',
    execution_timestamp: filledAt,
    execution_fee: '475',
    order_id: order.order_id,
  },
  'trigger.signal_rejected': {
    ...signal,
    signal_id: 'signal-2',
    rejection_reason: 'The position would be too large.',
    risk_check_results: { position_size: 'failed', daily_loss: 'passed' },
  },
  'trigger.condition_validated': {
    condition_id: 'condition-rsi',
    variable_id: 'rsi',
    validation_result: false,
    compatibility_checks: [{ check: 'range', passed: false }],
    validation_errors: ['An RSI is between 0 and 100; the threshold is 130.'],
  },
  'trigger.evaluated': {
    ...trigger,
    evaluation_result: true,
    evaluation_timestamp: seenAt,
    market_data: { close: '95000000', rsi: 27.4 },
  },
  'trigger.activated': {
    ...trigger,
    activation_timestamp: seenAt,
    activation_conditions: ['condition-rsi'],
  },
  'trigger.evaluation_failed': {
    ...trigger,
    error_message: 'No candle for 09:00.',
    evaluation_timestamp: seenAt,
    error_details: { missing: ['close'] },
  },
};
