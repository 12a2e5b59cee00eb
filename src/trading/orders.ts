import { z } from 'zod';
import { defineEvent } from '../faces/define.js';
import { decimal, decimalAmount, decimalPositive } from './decimal.js';
import { epochMs, id, json, keyOfLife, orderType, simulated, text } from './fields.js';
import { upbit } from './upbit.js';

/**
 * The steps of an order's life, in the words of NautilusTrader. Four event types carry them all, each its own
 * share, so that an event's type alone says whether the order lives: after `order_placed` it does, whatever
 * its `exec_type`, and after `order_cancelled` and `order_failed` it never does.
 */
const steps = {
  placed: z.enum(['initialized', 'submitted', 'accepted', 'updated', 'pending_cancel']),
  executed: z.enum(['partially_filled', 'filled']),
  cancelled: z.enum(['canceled', 'expired']),
  failed: z.enum(['denied', 'rejected']),
};

const orderFields = {
  order_id: id,
  strategy_id: id,
  symbol: id,
  ...simulated,
};

const side = z.enum(['buy', 'sell']);

// Ordered by strategy: its signals, orders, positions and trades are handled in the order in which they came.

/** An order is under way or on the book. `exec_type` says how far it is; left out, it was submitted. */
export const OrderPlaced = defineEvent('trading.order_placed', {
  schema: z
    .strictObject({
      ...orderFields,
      order_type: orderType,
      side,
      quantity: decimalPositive,
      /** Price for one; a limit order needs it. */
      price: decimalPositive.optional(),
      /** Price at which a stop order becomes one for the market, or a limit order; an addition to the original's fields. */
      stop_price: decimalPositive.optional(),
      /** In a backtest: how its size was said, whether the quantity is an estimate until it is filled, group, tag, trail, expiry. */
      order_metadata: json.optional(),
      /** An event for each step, or one event for all. Left out, it was submitted. */
      exec_type: steps.placed.optional(),
      upbit: upbit.optional(),
    })
    .refine((data) => data.order_type !== 'limit' || data.price !== undefined, {
      path: ['price'],
      error: 'a limit order needs a price',
    }),
  aggregateId: (data) => data.order_id,
  partitionKey: keyOfLife,
  aliases: ['order.placed'],
});

/** A part of an order was filled, or what was left of it. */
export const OrderExecuted = defineEvent('trading.order_executed', {
  schema: z
    .strictObject({
      ...orderFields,
      trade_id: id,
      side,
      /** Quantity of this fill, not of all so far. */
      executed_quantity: decimalPositive,
      executed_price: decimalPositive,
      /** Fee of this fill; negative where the venue pays a rebate. */
      execution_fee: decimal,
      /** Time of the fill at the venue. */
      execution_timestamp: epochMs,
      /** What is left of the order; 0 when it is filled. */
      remaining_quantity: decimalAmount.optional(),
      /** Left out, `remaining_quantity` tells. */
      exec_type: steps.executed.optional(),
      upbit: upbit.optional(),
    })
    .refine(({ exec_type, remaining_quantity }) => agree(exec_type, remaining_quantity), {
      path: ['remaining_quantity'],
      error: 'an order is filled when nothing remains of it, and partially_filled when something does',
    }),
  aggregateId: (data) => data.order_id,
  partitionKey: keyOfLife,
  aliases: ['order.executed'],
});

/** An order is off the book before it was filled: cancelled, or expired. It will not be filled any more. */
export const OrderCancelled = defineEvent('trading.order_cancelled', {
  schema: z.strictObject({
    ...orderFields,
    /** Also tells of a cancellation by the venue: expiry, self-match prevention. */
    cancellation_reason: text,
    /** In a backtest `strategy`, `broker` (its group was filled, its position closed, nothing was left for it) or `market` (it expired). */
    cancelled_by: text.optional(),
    remaining_quantity: decimalAmount.optional(),
    /** Left out, it was canceled. */
    exec_type: steps.cancelled.optional(),
    upbit: upbit.optional(),
  }),
  aggregateId: (data) => data.order_id,
  partitionKey: keyOfLife,
  aliases: ['order.cancelled'],
});

/** An order never got onto the book: denied by one's own risk check, or rejected by the venue. */
export const OrderFailed = defineEvent('trading.order_failed', {
  schema: z.strictObject({
    ...orderFields,
    failure_reason: text,
    /** The venue's code of the error. */
    error_code: text.optional(),
    /** In a backtest, of an order that came to no quantity before it could be placed: what it was. */
    error_details: json.optional(),
    /** Left out, it was rejected. */
    exec_type: steps.failed.optional(),
    upbit: upbit.optional(),
  }),
  aggregateId: (data) => data.order_id,
  partitionKey: keyOfLife,
  aliases: ['order.failed'],
});

/** Whether the step says the same as the remaining quantity. Each may be left out. */
function agree(step: 'partially_filled' | 'filled' | undefined, remaining: string | undefined): boolean {
  if (step === undefined || remaining === undefined) return true;
  return (step === 'partially_filled') === /[1-9]/.test(remaining);
}
