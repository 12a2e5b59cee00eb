import {
  type BacktestOptions,
  type BacktestResult,
  type Candles,
  defineStrategy,
  runBacktest,
  type StrategyContext,
} from 'millrace/backtest';
import { z } from 'zod';

/** What a strategy does, by the index of the candle. */
export type Acts = Readonly<Record<number, (ctx: StrategyContext) => void>>;

/** A backtest of a strategy that only acts so, without commission and with a capital of 1,000 unless a test says otherwise. */
export function runActs(
  candles: Candles,
  acts: Acts,
  options: Partial<BacktestOptions> = {},
): BacktestResult {
  const strategy = defineStrategy({
    name: 'acts',
    parameters: z.object({}),
    onBar: (ctx) => acts[ctx.index]?.(ctx as StrategyContext),
  });
  return runBacktest({ commission: 0, initialCapital: 1000, ...options, candles, strategy });
}
