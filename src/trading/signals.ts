import { z } from 'zod';
import { defineEvent } from '../faces/define.js';
import { decimal, decimalPositive } from './decimal.js';
import { epochMs, fraction, id, json, text } from './fields.js';

const signalFields = {
  signal_id: id,
  strategy_id: id,
  symbol: id,
  signal_type: z.enum(['BUY', 'SELL', 'HOLD', 'ADD_BUY', 'CLOSE_POSITION']),
};

// Ordered by strategy, like the orders that follow: a signal and what came of it are handled in this order.

/** A strategy wants something done. */
export const TradingSignalGenerated = defineEvent('trigger.signal_generated', {
  schema: z.strictObject({
    ...signalFields,
    /** The trigger that gave the signal; null when the strategy decided by itself. */
    trigger_id: id.nullable(),
    /** 0 is as weak as a signal gets, 1 as strong. */
    signal_strength: fraction,
    /** Price at which the signal was seen, not the price of a fill. */
    price: decimalPositive,
    reason: text.optional(),
    quantity: decimalPositive.optional(),
    /** 0 is no confidence, 1 is full confidence. */
    confidence: fraction.optional(),
    technical_indicators: json.optional(),
  }),
  aggregateId: (data) => data.signal_id,
  partitionKey: (data) => data.strategy_id,
  aliases: ['signal.generated'],
});

/** What a signal asked for was done. */
export const TradingSignalExecuted = defineEvent('trigger.signal_executed', {
  schema: z.strictObject({
    ...signalFields,
    execution_price: decimalPositive,
    execution_quantity: decimalPositive,
    /** Time of the execution at the venue. */
    execution_timestamp: epochMs,
    /** Negative where the venue pays a rebate. */
    execution_fee: decimal.optional(),
    order_id: id.optional(),
  }),
  aggregateId: (data) => data.signal_id,
  partitionKey: (data) => data.strategy_id,
  aliases: ['signal.executed'],
});

/** A signal was turned down, by the risk check for one. */
export const TradingSignalRejected = defineEvent('trigger.signal_rejected', {
  schema: z.strictObject({
    ...signalFields,
    rejection_reason: text,
    risk_check_results: json.optional(),
  }),
  aggregateId: (data) => data.signal_id,
  partitionKey: (data) => data.strategy_id,
  aliases: ['signal.rejected'],
});
