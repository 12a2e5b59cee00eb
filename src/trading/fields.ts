import { z } from 'zod';

/**
 * The kinds of field that the trading events are made of; those for money in a real account: see decimal.ts.
 *
 * **Money, prices and quantities of a backtest are IEEE 754 double numbers**, finite by schema. They are
 * simulated: each is the result of a fixed sequence of additions, multiplications and divisions over candles
 * that are doubles themselves, so it is the same on every machine, and writing it as decimal text would lose
 * bits without making it more true. Nobody keeps accounts with them. What a real account has paid or received
 * does not belong into these fields; such amounts travel as decimal text, because 0.1 is not a double.
 *
 * **Times are Unix epoch milliseconds**, whole numbers, negative before 1970. Text dates carry time zones and
 * `Date` objects carry identity; a number carries neither, and sorts and hashes as it is.
 *
 * **Fractions and percentages**: a field whose name ends in `_percent` holds 5 for five percent; all other
 * ratios (`total_return`, `win_rate`, `max_drawdown`, …) hold 0.05. `risk_percentage` counts as a percentage.
 *
 * **Unknown fields are refused**, not dropped: `settings` where `backtest_settings` was meant is a mistake
 * that would otherwise show up as a missing value years later.
 */

/** An identifier or a name: any text but the empty one. */
export const id = z.string().min(1);

/** Free text that may be empty. */
export const text = z.string();

/** Unix epoch milliseconds. */
export const epochMs = z.int();

/** A number of things. */
export const count = z.int().nonnegative();

/** Any finite number: profits, ratios, prices of spreads. */
export const real = z.number();

/** A finite number from 0 up: quantities, commissions, durations. */
export const amount = z.number().nonnegative();

/** A finite number above 0: prices, capital at the start. */
export const positive = z.number().positive();

/** A finite number from 0 to 1. */
export const fraction = z.number().min(0).max(1);

/** A finite number from 0 to 100. */
export const percent = z.number().min(0).max(100);

/** A JSON object whose content the event does not prescribe. */
export const json = z.record(z.string(), z.unknown());

/** One JSON value: a number, text, boolean, null, array or object. */
export const value = z.json('expected a JSON value; use null where there is none');

/**
 * A column of numbers, packed: base64 of whole numbers of 7 bits a byte, the lowest first, with the sign as the lowest bit.
 * Each is the difference to the one before, or with `order` 2 the difference of two such differences; behind a 0 stands how
 * many more zeros follow. In units of `unit`; one below 1 is a power of ten. `unpackColumn` of `millrace/backtest` reads it.
 */
export const packedColumn = z.strictObject({
  unit: positive,
  order: z.int().min(1).max(2),
  length: count,
  data: text,
});

/** Why a position was closed, or made smaller. */
export const closureReason = z.enum([
  'signal',
  'stop_loss',
  'take_profit',
  'trailing_stop',
  'reversed',
  'liquidation',
  'end_of_data',
]);

/** Kinds of order. The original knew the first two. */
export const orderType = z.enum(['market', 'limit', 'stop', 'stop_limit', 'take_profit', 'trailing_stop']);

/** The side of a position. */
export const positionSide = z.enum(['long', 'short']);

/** The fields that every event of one backtest begins with. */
export const backtestFields = { backtest_id: id, strategy_id: id, symbol: id };

/** What an order, a position or a trade has besides its own fields when it was simulated. */
export const simulated = {
  /** The backtest that simulated it, and that orders its events then; an addition to the original's fields. */
  backtest_id: id.optional(),
};

/** What orders the events of an order, a position or a trade: its strategy, or the backtest that simulates it. */
export function keyOfLife(data: {
  readonly backtest_id?: string | undefined;
  readonly strategy_id: string;
}): string {
  return data.backtest_id ?? data.strategy_id;
}
