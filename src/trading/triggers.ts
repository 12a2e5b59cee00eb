import { z } from 'zod';
import { defineEvent } from '../faces/define.js';
import { id, json, text } from './fields.js';

const logicOperator = z.enum(['AND', 'OR']);

/** A trigger exists from now on: conditions which, together, give a signal. */
export const TriggerCreated = defineEvent('trigger.created', {
  schema: z.strictObject({
    trigger_id: id,
    trigger_name: id,
    strategy_id: id,
    trigger_conditions: z.array(json),
    /** How the conditions are joined. AND when it is left out. */
    logic_operator: logicOperator.optional(),
    created_by: text.optional(),
  }),
  aggregateId: (data) => data.trigger_id,
});

/** The conditions of a trigger were changed. */
export const TriggerUpdated = defineEvent('trigger.updated', {
  schema: z.strictObject({
    trigger_id: id,
    trigger_name: id,
    /** All conditions as they are now. */
    updated_conditions: z.array(json),
    /** All conditions as they were. */
    previous_conditions: z.array(json),
    logic_operator: logicOperator,
  }),
  aggregateId: (data) => data.trigger_id,
});

/** A trigger is gone. Its events stay in the log. */
export const TriggerDeleted = defineEvent('trigger.deleted', {
  schema: z.strictObject({
    trigger_id: id,
    trigger_name: id,
    strategy_id: id,
    deleted_by: text.optional(),
  }),
  aggregateId: (data) => data.trigger_id,
});

/** It was checked whether a condition fits the variable that it is about. */
export const ConditionValidationCompleted = defineEvent('trigger.condition_validated', {
  schema: z.strictObject({
    condition_id: id,
    variable_id: id,
    validation_result: z.boolean(),
    /** One object a check; what is in it is for the checker to say. */
    compatibility_checks: z.array(json),
    validation_errors: z.array(text).optional(),
  }),
  aggregateId: (data) => data.condition_id,
  aliases: ['condition.validation.completed'],
});
