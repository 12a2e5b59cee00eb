import { z } from 'zod';
import { defineEvent } from '../faces/define.js';
import { decimal, decimalAmount } from './decimal.js';
import { id, keyOfLife, simulated } from './fields.js';

const riskFields = { strategy_id: id, symbol: id };

/** A strategy went beyond one of its limits. */
export const RiskLimitExceeded = defineEvent('trading.risk_limit_exceeded', {
  schema: z.strictObject({
    ...riskFields,
    risk_type: z.enum(['max_drawdown', 'position_size', 'daily_loss']),
    /** In the unit of the limit: a ratio, a quantity or a sum of money, by `risk_type`. */
    current_value: decimal,
    limit_value: decimal,
    /** Current value in percent of the limit: 120 is a fifth above it. */
    risk_percentage: decimal,
    triggered_action: z.enum(['stop_trading', 'reduce_position', 'alert_only']),
  }),
  aggregateId: (data) => data.strategy_id,
  aliases: ['risk.limit.exceeded'],
});

/** The margin of a strategy's position is below what the venue requires. */
export const MarginCallTriggered = defineEvent('trading.margin_call_triggered', {
  schema: z.strictObject({
    ...riskFields,
    ...simulated,
    /** 0.05 is five percent; negative when more than the margin is lost. */
    current_margin_ratio: decimal,
    required_margin_ratio: decimalAmount,
    /** Negative for a short position, where the venue counts so. */
    position_value: decimal,
    available_margin: decimal,
    /** Whether the venue may close the position. */
    liquidation_risk: z.boolean(),
  }),
  // One strategy may be simulated many times in a log; each of its backtests is an aggregate of its own.
  aggregateId: keyOfLife,
  partitionKey: keyOfLife,
  aliases: ['margin.call.triggered'],
});
