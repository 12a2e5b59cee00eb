import {
  type BacktestOptions,
  type BacktestResult,
  type CandleRow,
  type Candles,
  type CandlesByMarket,
  candlesFromRows,
  defineStrategy,
  type FillRow,
  runBacktest,
  type StrategyContext,
} from 'millrace/backtest';
import { z } from 'zod';
import { DAY, START } from './helpers.js';

/** A candle by the day that it is of: open, high, low, close. */
export type DayRow = readonly [day: number, open: number, high: number, low: number, close: number];

/** Candles of the days that are named; the others are missing. */
export function candlesOfDays(...rows: readonly DayRow[]): Candles {
  return candlesFromRows(
    rows.map(([day, open, high, low, close]): CandleRow => {
      return { time: START + day * DAY, open, high, low, close, volume: 100 };
    }),
  );
}

/** Candles that stand still at a price for some days. */
export function flat(price: number, ...days: readonly number[]): Candles {
  return candlesOfDays(...days.map((day): DayRow => [day, price, price, price, price]));
}

/** What a strategy does, by the day, counted from the first. */
export type DayActs = Readonly<Record<number, (ctx: StrategyContext) => void>>;

/** A run of a strategy that only acts so, without commission, with a capital of 1,000. */
export function runDays(
  candles: CandlesByMarket,
  acts: DayActs,
  options: Partial<BacktestOptions> = {},
  onFill?: (ctx: StrategyContext, fill: FillRow) => void,
): BacktestResult {
  const strategy = defineStrategy({
    name: 'days',
    parameters: z.object({}),
    onBar: (ctx) => acts[(ctx.now() - START) / DAY]?.(ctx as StrategyContext),
    ...(onFill && { onFill: (ctx, fill) => onFill(ctx as StrategyContext, fill) }),
  });
  return runBacktest({ commission: 0, initialCapital: 1000, ...options, candles, strategy });
}

/** Fills as short text: `A buy 5 @ 100 on 1`. */
export function fillsOf({ fills }: BacktestResult): string[] {
  return fills.map(
    ({ market, side, quantity, price, time }) =>
      `${market} ${side} ${quantity} @ ${price} on ${(time - START) / DAY}`,
  );
}
