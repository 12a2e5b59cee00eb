import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CandleRow,
  candlesFromRows,
  importCandles,
  loadStrategy,
  readBacktest,
  runBacktest,
  storeBacktest,
  sweep,
} from 'millrace/backtest';
import { expect, test, vi } from 'vitest';
import { randomCandles } from '../../support/backtest/helpers.js';
import { millraceElsewhere as millrace } from '../../support/millrace.js';
import { tempFolder } from '../../support/temp-folder.js';

// Engines are opened here, beside all other test files.
vi.setConfig({ testTimeout: 240_000 });

const plain = randomCandles(5, 400);
const rows = Array.from({ length: plain.length }, (_, index): CandleRow => {
  const at = (name: 'time' | 'open' | 'high' | 'low' | 'close') => plain[name][index] as number;
  const prices = { open: at('open'), high: at('high'), low: at('low'), close: at('close') };
  return { time: at('time'), ...prices, volume: 1, funding: index % 3 === 0 ? ((index % 7) - 3) / 3000 : 0 };
});
const candles = candlesFromRows(rows);

function fileOf(part: readonly CandleRow[]): string {
  const lines = part.map((row) =>
    [row.time, row.open, row.high, row.low, row.close, row.funding || ''].join(),
  );
  const path = join(tempFolder(), 'perpetual.csv');
  writeFileSync(path, ['time,open,high,low,close,fundingRate', ...lines].join('\n'));
  return path;
}

test('a store tells a run with funding: with the candles to the last bit, without them its trades and its total', async () => {
  const store = join(tempFolder(), 'run.db');
  const strategy = await loadStrategy('ma-cross');
  const result = await storeBacktest(store, { candles, strategy, leverage: 2 });
  expect(result.funding).not.toBe(0);
  const exact = readBacktest(store, { candles });
  expect([exact.trades, exact.equity, exact.fills]).toEqual([result.trades, result.equity, result.fills]);
  const told = readBacktest(store);
  const fundings = (trades: typeof told.trades) => trades.map(({ profit, funding }) => [profit, funding]);
  expect([told.funding, fundings(told.trades)]).toEqual([result.funding, fundings(result.trades)]);
});

test('a sweep pays funding as a run does, on its threads', async () => {
  const parameters = { fast: 5, slow: 20, trail: 0.1 };
  const strategy = await loadStrategy('ma-cross');
  const alone = runBacktest({ candles, strategy, parameters });
  const { best } = await sweep({ candles, strategy: 'ma-cross', list: [parameters], threads: 1 });
  expect(best[0]?.finalCapital).toBe(alone.finalCapital);
  const without = runBacktest({ candles: plain, strategy, parameters });
  expect(without.finalCapital).not.toBe(alone.finalCapital);
});

test('millrace candles counts the rates, and millrace backtest says what was paid', async () => {
  const file = fileOf(rows);
  const shown = await millrace('candles', file);
  expect(shown.stdout).toMatch(/^funding +115 rates$/m);
  const run = await millrace('backtest', file, '--strategy', 'ma-cross');
  expect(run.stdout).toMatch(/^funding +-?[\d.]+$/m);
  const { fundingRates } = importCandles(fileOf(rows.map((row) => ({ ...row, funding: 0.0001 })))).report;
  expect(fundingRates).toBe(400);
  const dense = await millrace('candles', fileOf(rows.map((row) => ({ ...row, funding: 0.0001 }))));
  expect(dense.stdout).toMatch(/^funding +400 rates, one in each candle: each is paid$/m);
});

test('files that overlap with other rates contradict each other', () => {
  const part = rows.slice(0, 9);
  const other = part.map((row) => ({ ...row, funding: 0.001 }));
  expect(importCandles([fileOf(part), fileOf(part)]).report).toMatchObject({ candles: 9, duplicates: 9 });
  expect(() => importCandles([fileOf(part), fileOf(other)])).toThrow(/have different candles of/);
});
