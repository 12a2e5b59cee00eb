import { z } from 'zod';
import { defineEvent } from '../faces/define.js';
import { amount, epochMs, id, json, text, value } from './fields.js';

const evaluationFields = { trigger_id: id, strategy_id: id, symbol: id };

/** An evaluation of a trigger has begun: the work, not the verdict. */
export const TriggerEvaluationStarted = defineEvent('trigger.evaluation_started', {
  schema: z.strictObject({
    ...evaluationFields,
    /** Time of the market data that the trigger is evaluated on. */
    evaluation_timestamp: epochMs,
    market_data: json,
  }),
  aggregateId: (data) => data.trigger_id,
  aliases: ['trigger.evaluation.started'],
});

/**
 * An evaluation of a trigger has ended: the record of the work, with each condition and the time it took.
 * What the trigger said about the market is `trigger.evaluated`; an evaluation may write both.
 */
export const TriggerEvaluationCompleted = defineEvent('trigger.evaluation_completed', {
  schema: z.strictObject({
    ...evaluationFields,
    /** Whether the conditions, joined by the trigger's operator, were met. */
    evaluation_result: z.boolean(),
    triggered_conditions: z.array(id),
    failed_conditions: z.array(id),
    /** Wall-clock milliseconds. */
    evaluation_duration_ms: amount,
    market_data_snapshot: json.optional(),
  }),
  aggregateId: (data) => data.trigger_id,
  aliases: ['trigger.evaluation.completed'],
  volatile: ['evaluation_duration_ms'],
});

/** One condition of a trigger was met. */
export const TriggerConditionMet = defineEvent('trigger.condition_met', {
  schema: z.strictObject({
    trigger_id: id,
    condition_id: id,
    condition_name: id,
    symbol: id,
    /** What was found: the left side of the operator. */
    condition_value: value,
    /** What it was compared with: the right side of the operator. */
    threshold_value: value,
    operator: z.enum(['>', '<', '>=', '<=', '==', '!=']),
  }),
  aggregateId: (data) => data.trigger_id,
  aliases: ['trigger.condition.met'],
});

/**
 * What a trigger said about the market at one time: the verdict alone, equal in every run over the same data.
 * The work that led to it is `trigger.evaluation_started` and `trigger.evaluation_completed`.
 */
export const TriggerEvaluated = defineEvent('trigger.evaluated', {
  schema: z.strictObject({
    ...evaluationFields,
    evaluation_result: z.boolean(),
    /** Time of the market data that the trigger was evaluated on. */
    evaluation_timestamp: epochMs,
    market_data: json.optional(),
  }),
  aggregateId: (data) => data.trigger_id,
});

/** A trigger fired: its verdict was true, and something is to follow. */
export const TriggerActivated = defineEvent('trigger.activated', {
  schema: z.strictObject({
    ...evaluationFields,
    /** Time of the market data on which it fired. */
    activation_timestamp: epochMs,
    activation_conditions: z.array(text).optional(),
  }),
  aggregateId: (data) => data.trigger_id,
});

/** An evaluation ended with an error: there is no verdict. */
export const TriggerEvaluationFailed = defineEvent('trigger.evaluation_failed', {
  schema: z.strictObject({
    ...evaluationFields,
    error_message: text,
    /** Time of the market data that the trigger was evaluated on. */
    evaluation_timestamp: epochMs,
    error_details: json.optional(),
  }),
  aggregateId: (data) => data.trigger_id,
  aliases: ['trigger.evaluation.failed'],
});
