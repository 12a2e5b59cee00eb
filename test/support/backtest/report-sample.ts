import {
  type BacktestResult,
  type Candles,
  loadStrategy,
  readCandles,
  runBacktest,
  type SweepResult,
  sweep,
  type WalkForward,
  walkForward,
} from 'millrace/backtest';

/** Daily candles of the S&P 500, 2000 to 2020. */
export function sampleCandles(): Candles {
  return readCandles(
    new URL('../../../node_modules/vega-datasets/data/sp500-2000.csv', import.meta.url).pathname,
  );
}

/** Two averages that cross, long and short, with a trailing stop: fills, stops, plots over the candles. */
export async function sampleResult(candles: Candles): Promise<BacktestResult> {
  const strategy = await loadStrategy('ma-cross');
  return runBacktest({ candles, strategy, symbol: 'sp500', parameters: { fast: 20, slow: 100 } });
}

/** The same over a grid of three parameters. */
export function sampleSweep(candles: Candles): Promise<SweepResult> {
  return sweep({
    candles,
    strategy: 'ma-cross',
    symbol: 'sp500',
    grid: { fast: [5, 10, 20, 30], slow: [50, 100, 150, 200], trail: [0, 0.1], short: [true, false] },
    threads: 1,
    level: 'summary',
  });
}

/** Parameters chosen on three parts and tried on those after them. */
export function sampleWalk(candles: Candles): Promise<WalkForward> {
  return walkForward({
    candles,
    strategy: 'ma-cross',
    symbol: 'sp500',
    grid: { fast: [10, 20], slow: [50, 100] },
    windows: 3,
    threads: 1,
    level: 'summary',
  });
}
