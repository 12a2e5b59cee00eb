import { type BrokerOptions, brokerSettings } from '../broker/settings.js';
import type { Candles } from '../candles/candles.js';
import { checkCandles } from '../given.js';
import { equityStatistics } from '../statistics.js';
import type { Benchmark, RunSettings } from './result.js';

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
 * @throws InvalidOptionError for what are no candles, and when the capital or the commission is out of its range.
 */
export function buyAndHold(
  candles: Candles,
  initialCapital: number,
  commission: BrokerOptions['commission'],
): BuyAndHold {
  checkCandles('buyAndHold', candles);
  const options = { initialCapital, ...(commission !== undefined && { commission }) };
  const { statistics } = benchmarkOf(candles, brokerSettings(options));
  return {
    totalReturn: statistics.totalReturn,
    annualReturn: statistics.annualReturn,
    sharpe: statistics.sharpe,
    maxDrawdown: statistics.maxDrawdown,
    finalCapital: statistics.finalCapital,
  };
}

/** The curve of the same, with the settings of a run. */
export function benchmarkOf(candles: Candles, settings: RunSettings): Benchmark {
  const { time, close, open } = candles;
  return pointBenchmark({ time, close, firstOpen: open[0] as number }, settings);
}

/** The same from some of the closes, the last among them. */
export function pointBenchmark(
  market: { readonly time: Float64Array; readonly close: Float64Array; readonly firstOpen: number },
  { initialCapital, commission }: RunSettings,
): Benchmark {
  const quantity = initialCapital / (market.firstOpen * (1 + commission.taker));
  const equity = market.close.map((close) => quantity * close);
  const last = equity.length - 1;
  equity[last] = (equity[last] as number) * (1 - commission.taker);
  return { name: 'buy and hold', equity, statistics: equityStatistics(market.time, equity, initialCapital) };
}
