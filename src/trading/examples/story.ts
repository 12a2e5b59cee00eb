/** Who and what the examples are about, so that they fit together. */
export const strategy = { strategy_id: 'strategy-rsi', strategy_name: 'RSI mean reversion' };

export const symbol = 'KRW-BTC';

/** A trigger's events, all of one evaluation. */
export const trigger = { trigger_id: 'trigger-oversold', strategy_id: strategy.strategy_id, symbol };

/** The live order's identity. */
export const order = { order_id: 'order-1', strategy_id: strategy.strategy_id, symbol };

export const position = { position_id: 'position-1', strategy_id: strategy.strategy_id, symbol };

export const backtest = { backtest_id: 'backtest-1', strategy_id: strategy.strategy_id, symbol };

const minute = 60_000;

/** 2024-05-02, 09:00 UTC: the candle that the trigger sees. */
export const seenAt = Date.UTC(2024, 4, 2, 9);

/** When the order is filled, at the venue. */
export const filledAt = seenAt + minute;

/** When the position is closed. */
export const closedAt = filledAt + 360 * minute;

/** The span of the backtest's candles. */
export const span = { from: Date.UTC(2023, 0, 1), to: Date.UTC(2023, 11, 31) };
