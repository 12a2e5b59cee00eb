import { type BrokerOptions, brokerSettings } from '../broker/settings.js';
import type { Candles } from '../candles/candles.js';
import type { CandlesByMarket, Markets } from '../candles/markets.js';
import { equityStatistics } from '../statistics.js';
import { takeMarkets } from './given-markets.js';
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
 * Buys for all cash at the first open and sells at the last close, with the same commission on both trades; of several
 * markets each for an equal part of the cash, at its own first open.
 *
 * @throws InvalidOptionError for what are no candles, and when the capital or the commission is out of its range.
 */
export function buyAndHold(
  candles: Candles | CandlesByMarket,
  initialCapital: number,
  commission: BrokerOptions['commission'],
): BuyAndHold {
  const taken = takeMarkets('buyAndHold', { candles });
  const options = { initialCapital, ...(commission !== undefined && { commission }) };
  const { statistics } = benchmarkOf(taken.candles, brokerSettings(options));
  return {
    totalReturn: statistics.totalReturn,
    annualReturn: statistics.annualReturn,
    sharpe: statistics.sharpe,
    maxDrawdown: statistics.maxDrawdown,
    finalCapital: statistics.finalCapital,
  };
}

/** The curve of the same, with the settings of a run. */
export function benchmarkOf(candles: Candles | Markets, settings: RunSettings): Benchmark {
  if ('names' in candles) return equalParts(candles, settings);
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

/** Each market for an equal part, which waits as cash for its first candle. */
function equalParts(
  { time, candles }: Markets,
  { initialCapital, commission: { taker } }: RunSettings,
): Benchmark {
  const part = initialCapital / candles.length;
  const equity = new Float64Array(time.length);
  for (const { time: own, open, close, length } of candles) {
    const quantity = length === 0 ? 0 : part / ((open[0] as number) * (1 + taker));
    let next = 0;
    for (let index = 0; index < time.length; index++) {
      if (own[next] === time[index]) next++;
      equity[index] =
        (equity[index] as number) + (next === 0 ? part : quantity * (close[next - 1] as number));
    }
    if (length === 0) continue;
    const last = time.length - 1;
    equity[last] = (equity[last] as number) - quantity * (close[length - 1] as number) * taker;
  }
  return { name: 'buy and hold', equity, statistics: equityStatistics(time, equity, initialCapital) };
}
