import { z } from 'zod';
import { defineEvent } from '../faces/define.js';
import {
  amount,
  backtestFields,
  closureReason,
  epochMs,
  fraction,
  id,
  json,
  orderType,
  positionSide,
  positive,
  real,
  text,
} from './fields.js';

/** A strategy decided something on the close of a candle. */
export const BacktestSignalGenerated = defineEvent('backtest.signal_generated', {
  schema: z.strictObject({
    ...backtestFields,
    /** Time of the candle on whose close the signal was found. */
    signal_timestamp: epochMs,
    signal_type: z.enum(['BUY', 'SELL', 'HOLD']),
    /** Price at which the signal was seen, not the price of a fill. */
    signal_price: positive,
    /** 0 is as weak as a signal gets, 1 as strong; 1 where the strategy did not say. */
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
    /** Cash plus position at the execution price, after the commission. Below 0 when more than all was lost. */
    current_capital: real,
    /** Quantity held after the trade; below 0 for a short position. */
    current_position: real,
    /** The order that was filled; an addition to the original's fields, like those below. */
    order_id: id.optional(),
    /** Left out, it was an order for the market. */
    order_type: orderType.optional(),
    /** By how much the price is worse than the market's, per piece. Left out, it is not. */
    slippage: amount.optional(),
    /** Whether the order rested on the book. Left out, it did not. */
    is_maker: z.boolean().optional(),
    /** What is left of the order. Left out, nothing is. */
    remaining_quantity: amount.optional(),
    /** What the strategy called the order. Left out, nothing. */
    order_tag: text.optional(),
    /** Why it closed a position, or a part of one. Left out, it closed nothing; so are the next four. */
    closure_reason: closureReason.optional(),
    /** Profit of what it closed, net of all commissions and funding. */
    profit_loss: real.optional(),
    /** Largest loss while that was held, as a fraction of the entry price; 0 or less. */
    adverse_excursion: real.optional(),
    /** Largest gain while that was held, as a fraction of the entry price; 0 or more. */
    favorable_excursion: real.optional(),
    /** Funding of what it closed, received above 0 and paid below; a part of `profit_loss`. Left out where the market has none. */
    funding: real.optional(),
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
    /** An addition to the original's fields. Left out, it is long. */
    side: positionSide.optional(),
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
    /** Average of all exits. */
    exit_price: positive,
    /** Quantity that was held; of a position that was left in parts the sum of these. */
    position_size: positive,
    /** Net of the commissions of all its trades, and with its funding. */
    profit_loss: real,
    /** Profit in percent of what the entry cost, commission included. */
    profit_loss_percent: real,
    holding_duration_seconds: amount,
    /** Why it was closed; an addition to the original's fields, and optional therefore. */
    closure_reason: closureReason.optional(),
    /** An addition to the original's fields. Left out, it was long. */
    side: positionSide.optional(),
    /** Commission of all its trades; an addition to the original's fields. */
    commission: amount.optional(),
    /** Received above 0, paid below; a part of `profit_loss`. An addition to the original's fields, left out where the market has none. */
    funding: real.optional(),
  }),
  aggregateId: (data) => data.backtest_id,
  aliases: ['backtest.position.closed'],
});
