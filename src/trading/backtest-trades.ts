import { z } from 'zod';
import { defineEvent } from '../faces/define.js';
import { amount, backtestFields, epochMs, fraction, id, json, positive, real, text } from './fields.js';

/** A strategy decided something on the close of a candle. */
export const BacktestSignalGenerated = defineEvent('backtest.signal_generated', {
  schema: z.strictObject({
    ...backtestFields,
    /** Time of the candle on whose close the signal was found. */
    signal_timestamp: epochMs,
    signal_type: z.enum(['BUY', 'SELL', 'HOLD']),
    /** Price at which the signal was seen, not the price of a fill. */
    signal_price: positive,
    /** 0 is as weak as a signal gets, 1 as strong. */
    signal_strength: fraction,
    signal_reason: text,
    technical_indicators: json.optional(),
  }),
  aggregateId: (data) => data.backtest_id,
  aliases: ['backtest.signal.generated'],
});

/** A simulated order was filled. */
export const BacktestTradeExecuted = defineEvent('backtest.trade_executed', {
  schema: z.strictObject({
    ...backtestFields,
    /** Unique in the log: backtest id and ordinal of the trade. */
    trade_id: id,
    trade_type: z.enum(['buy', 'sell']),
    /** Time of the candle in which the order was filled. */
    execution_timestamp: epochMs,
    execution_price: positive,
    execution_quantity: positive,
    /** Paid for this trade, in the currency of the prices. */
    commission: amount,
    /** Cash plus position at the execution price, after the commission. */
    current_capital: amount,
    /** Quantity held after the trade. */
    current_position: amount,
  }),
  aggregateId: (data) => data.backtest_id,
  aliases: ['backtest.trade.executed'],
});

/** A trade opened a position. */
export const BacktestPositionOpened = defineEvent('backtest.position_opened', {
  schema: z.strictObject({
    ...backtestFields,
    /** Unique in the log: backtest id and ordinal of the position. */
    position_id: id,
    entry_timestamp: epochMs,
    entry_price: positive,
    /** Quantity held. */
    position_size: positive,
    /** Quantity times entry price, without commission. */
    position_value: positive,
  }),
  aggregateId: (data) => data.backtest_id,
  aliases: ['backtest.position.opened'],
});

/** A trade closed a position. */
export const BacktestPositionClosed = defineEvent('backtest.position_closed', {
  schema: z.strictObject({
    ...backtestFields,
    position_id: id,
    exit_timestamp: epochMs,
    exit_price: positive,
    /** Quantity that was held. */
    position_size: positive,
    /** Net of the commissions of both trades. */
    profit_loss: real,
    /** Profit in percent of what the entry cost, commission included. */
    profit_loss_percent: real,
    holding_duration_seconds: amount,
    /** Why it was closed; an addition to the original's fields, and optional therefore. */
    closure_reason: z.enum(['signal', 'stop_loss', 'end_of_data']).optional(),
  }),
  aggregateId: (data) => data.backtest_id,
  aliases: ['backtest.position.closed'],
});
