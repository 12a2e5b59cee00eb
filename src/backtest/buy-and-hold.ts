import type { Candles } from './candles.js';
import { checkRun } from './run.js';
import { equityStatistics } from './statistics.js';

/** What a strategy has to beat. Fractions, and null where undefined, as in `backtest.completed`. */
export interface BuyAndHold {
  readonly totalReturn: number;
  readonly annualReturn: number | null;
  readonly sharpe: number | null;
  readonly maxDrawdown: number;
  readonly finalCapital: number;
}

/**
 * Buys for all cash at the first open and sells at the last close, with the same commission on both trades.
 *
 * @throws InvalidOptionError when the capital or the commission is out of its range.
 */
export function buyAndHold(candles: Candles, initialCapital: number, commission: number): BuyAndHold {
  checkRun({ initialCapital, commission });
  const quantity = initialCapital / ((candles.open[0] as number) * (1 + commission));
  const equity = candles.close.map((close) => quantity * close);
  const last = equity.length - 1;
  equity[last] = (equity[last] as number) * (1 - commission);
  const statistics = equityStatistics(candles.time, equity, initialCapital);
  return {
    totalReturn: statistics.totalReturn,
    annualReturn: statistics.annualReturn,
    sharpe: statistics.sharpe,
    maxDrawdown: statistics.maxDrawdown,
    finalCapital: statistics.finalCapital,
  };
}
