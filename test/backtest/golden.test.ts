import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { loadStrategy, readCandles, runBacktest } from 'millrace/backtest';
import { expect, test } from 'vitest';
import { type Data, eventsOf, RSI, withoutHashes } from './helpers.js';

const SAMPLE = fileURLToPath(
  new URL('../../node_modules/vega-datasets/data/sp500-2000.csv', import.meta.url),
);

/**
 * One parameter set on the real candles, pinned down to the last bit. When it fails and the change was meant,
 * raise BACKTEST_VERSION in src/backtest/runs/plan.ts, so that old stores are not resumed with new rules.
 */
test('RSI 14, 30 to 60, stop 5 %: the S&P 500 from 2000 to 2020', () => {
  const candles = readCandles(SAMPLE);
  expect(candles.hash()).toBe('7cf8baa85684e49af4ab4e5d3044c1c20ff2a32c4d4d79523ecb4f9b4dc4486c');
  const parameters = { length: 14, entry: 30, exit: 60, stop: 0.05 };
  const run = { strategy: RSI, symbol: 'SPX', parameters, initialCapital: 10_000, commission: 0.001 };
  const events = eventsOf(candles, run);
  const completed = events.at(-1)?.data as Data;
  expect(completed).toMatchObject({
    total_trades: 37,
    winning_trades: 15,
    losing_trades: 22,
    win_rate: 15 / 37,
    average_holding_time_hours: 624.6486486486486,
    // Cash is a whole number of 10^-8.
    final_capital: 6511.63856784,
  });
  // Computed once more by another program, in another language, from the rules alone; it did not round its cash.
  for (const [name, value] of Object.entries({
    total_return: -0.3488361432163949,
    annual_return: -0.0209237514038,
    max_drawdown: 0.43612173264157056,
    sharpe_ratio: -0.19716900504325402,
    profit_factor: 0.6168344589122712,
    final_capital: 6511.638567836051,
  })) {
    expect(completed[name], name).toBeCloseTo(value, 7);
  }
  // Since version 2 of the rules cash is kept in whole units, positions say their side, trades their order.
  // Ids without their hash, which changes with each word of the strategy's source.
  const text = withoutHashes(events).join('\n');
  // Since version 3 a run tells its data first, and its curve at the end.
  expect(events.length).toBe(202);
  expect(createHash('sha256').update(text).digest('hex')).toBe(
    '553a75b77b09acba9a2a8daea0bbd8404f1207eb16782cd7613a1b11a8cbec90',
  );
});

/** What each shipped strategy comes to with its defaults: a change of rules, indicators or strategies shows here first. */
test.each([
  ['rsi', 37, 6511.63856784],
  ['ma-cross', 114, 8401.55298196],
  ['breakout', 79, 14488.85361435],
  ['pyramiding', 30, 19470.95649516],
  ['averaging-down', 29, 11583.19901975],
  ['grid', 92, 12412.62281089],
  ['buy-and-hold', 1, 19713.97272872],
  ['surge', 96, 4629.60975811],
])('%s makes %d trades of the S&P 500 and ends with %d', async (name, trades, finalCapital) => {
  const result = runBacktest({ candles: readCandles(SAMPLE), strategy: await loadStrategy(name) });
  expect([result.trades.length, result.finalCapital]).toEqual([trades, finalCapital]);
  const profit = result.trades.reduce((sum, trade) => sum + Math.round(trade.profit * 1e8), 0);
  expect(profit).toBe(Math.round((finalCapital - 10_000) * 1e8));
});
