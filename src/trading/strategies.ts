import { z } from 'zod';
import { defineEvent } from '../faces/define.js';
import { count, epochMs, fraction, id, json, real, text } from './fields.js';

const strategyFields = { strategy_id: id, strategy_name: id };

/** A strategy exists from now on. It is not active yet. */
export const StrategyCreated = defineEvent('strategy.created', {
  schema: z.strictObject({
    ...strategyFields,
    strategy_type: text.optional(),
    created_by: text.optional(),
    /** Parameters of the strategy. */
    strategy_config: json.optional(),
  }),
  aggregateId: (data) => data.strategy_id,
});

/** A strategy was changed. */
export const StrategyUpdated = defineEvent('strategy.updated', {
  schema: z.strictObject({
    ...strategyFields,
    /** The new values of what changed, by name. */
    updated_fields: json.optional(),
    /** The strategy's own version before; no relation to the event's version. */
    previous_version: text.optional(),
    new_version: text.optional(),
  }),
  aggregateId: (data) => data.strategy_id,
});

/** A strategy is gone. Its events stay in the log. */
export const StrategyDeleted = defineEvent('strategy.deleted', {
  schema: z.strictObject({
    ...strategyFields,
    deleted_by: text.optional(),
    deletion_reason: text.optional(),
  }),
  aggregateId: (data) => data.strategy_id,
});

/** A strategy may trade from now on. */
export const StrategyActivated = defineEvent('strategy.activated', {
  schema: z.strictObject({
    ...strategyFields,
    activated_by: text.optional(),
    activation_reason: text.optional(),
  }),
  aggregateId: (data) => data.strategy_id,
});

/** A strategy may no longer trade. */
export const StrategyDeactivated = defineEvent('strategy.deactivated', {
  schema: z.strictObject({
    ...strategyFields,
    deactivated_by: text.optional(),
    deactivation_reason: text.optional(),
  }),
  aggregateId: (data) => data.strategy_id,
});

/**
 * A backtest of a strategy is over: its result, told to the strategy. `backtest.completed` tells the same to
 * the backtest, in full. A ratio is null where it is not defined.
 */
export const StrategyBacktestCompleted = defineEvent('strategy.backtest_completed', {
  schema: z.strictObject({
    strategy_id: id,
    backtest_id: id,
    symbol: id,
    /** 0.5 is fifty percent more than the initial capital. */
    total_return: real,
    /** Largest fall from a peak of the equity, as a positive fraction of that peak. */
    max_drawdown: fraction,
    /** Annualised, risk-free rate 0; null over less than 30 days, for fewer than two returns, without variation, and for an account that was ruined. */
    sharpe_ratio: real.nullable(),
    win_rate: fraction.nullable().optional(),
    total_trades: count.optional(),
    /** Wall-clock time. */
    completed_at: epochMs.optional(),
    additional_metrics: json.optional(),
  }),
  aggregateId: (data) => data.strategy_id,
  aliases: ['strategy.backtest.completed'],
  volatile: ['completed_at'],
});

/** A strategy was checked and found good. */
export const StrategyValidated = defineEvent('strategy.validated', {
  schema: z.strictObject({
    strategy_id: id,
    validation_type: text.optional(),
    validation_result: text.optional(),
    validation_details: json.optional(),
    /** 0 is no confidence, 1 is full confidence. */
    confidence_score: fraction.optional(),
  }),
  aggregateId: (data) => data.strategy_id,
});

/** A strategy was checked and found wanting, or the check itself failed. */
export const StrategyValidationFailed = defineEvent('strategy.validation_failed', {
  schema: z.strictObject({
    strategy_id: id,
    validation_type: text.optional(),
    validation_result: text.optional(),
    error_message: text.optional(),
    error_details: json.optional(),
  }),
  aggregateId: (data) => data.strategy_id,
});
