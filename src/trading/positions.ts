import { z } from 'zod';
import { defineEvent } from '../faces/define.js';
import { decimal, decimalPositive } from './decimal.js';
import { amount, epochMs, id, json, keyOfLife, positionSide, simulated } from './fields.js';

const positionFields = {
  position_id: id,
  strategy_id: id,
  symbol: id,
  ...simulated,
};

// Ordered by strategy, like the orders that they come from.

/** A position was opened. */
export const PositionOpened = defineEvent('trading.position_opened', {
  schema: z.strictObject({
    ...positionFields,
    side: positionSide,
    entry_price: decimalPositive,
    quantity: decimalPositive,
    entry_timestamp: epochMs,
    /** A price. */
    initial_stop_loss: decimalPositive.optional(),
    /** A price. */
    initial_take_profit: decimalPositive.optional(),
  }),
  aggregateId: (data) => data.position_id,
  partitionKey: keyOfLife,
  aliases: ['position.opened'],
});

/** A position was closed. */
export const PositionClosed = defineEvent('trading.position_closed', {
  schema: z.strictObject({
    ...positionFields,
    exit_price: decimalPositive,
    exit_quantity: decimalPositive,
    exit_timestamp: epochMs,
    /** Net of fees, in the currency of the prices. */
    profit_loss: decimal,
    profit_loss_percent: decimal,
    /** By the clock of the venue: exit minus entry. */
    holding_duration_seconds: amount,
    closure_reason: z.enum(['take_profit', 'stop_loss', 'manual', 'timeout']),
  }),
  aggregateId: (data) => data.position_id,
  partitionKey: keyOfLife,
  aliases: ['position.closed'],
});

/** A position has another value, or another stop, than before. */
export const PositionUpdated = defineEvent('trading.position_updated', {
  schema: z.strictObject({
    ...positionFields,
    current_price: decimalPositive,
    unrealized_pnl: decimal,
    unrealized_pnl_percent: decimal,
    /** The new values of what changed, by name. */
    updated_fields: json,
    /** A price. */
    stop_loss: decimalPositive.optional(),
    /** A price. */
    take_profit: decimalPositive.optional(),
  }),
  aggregateId: (data) => data.position_id,
  partitionKey: keyOfLife,
  aliases: ['position.updated'],
});

/** Something was bought and sold again, or a part of it. */
export const TradeCompleted = defineEvent('trading.trade_completed', {
  schema: z.strictObject({
    trade_id: id,
    strategy_id: id,
    symbol: id,
    ...simulated,
    /** An addition to the original's fields. Left out, it was long. */
    side: positionSide.optional(),
    trade_type: z.enum(['round_trip', 'partial']),
    entry_price: decimalPositive,
    exit_price: decimalPositive,
    quantity: decimalPositive,
    /** Net of fees, in the currency of the prices. */
    profit_loss: decimal,
    profit_loss_percent: decimal,
    /** Fees of entry and exit; negative where rebates were higher. */
    commission_total: decimal,
    /** Received above 0, paid below; a part of `profit_loss`. An addition to the original's fields, left out where the market has none. */
    funding_total: decimal.optional(),
    /** By the clock of the venue: exit minus entry. */
    holding_duration_seconds: amount,
    entry_timestamp: epochMs,
    exit_timestamp: epochMs,
  }),
  aggregateId: (data) => data.trade_id,
  partitionKey: keyOfLife,
  aliases: ['trade.completed'],
});
