import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  loadStrategy,
  readWalkForward,
  runBacktest,
  type SweepOptions,
  sweep,
  sweepReportOf,
  walkForward,
  writeReport,
  writeStoreReport,
} from 'millrace/backtest';
import { InputError } from 'millrace/errors';
import { describe, expect, test, vi } from 'vitest';
import { randomCandles } from '../../support/backtest/helpers.js';
import { tempFolder } from '../../support/temp-folder.js';

// Engines are opened here, beside all other test files.
vi.setConfig({ testTimeout: 120_000 });

const folder = tempFolder();
let files = 0;
const newFile = (end: string) => join(folder, `walk-${++files}.${end}`);

const candles = randomCandles(31, 700);
const strategy = new URL('../../fixtures/strategies/odd.strategy.mjs', import.meta.url);
/** Two windows of 300 candles to choose on and 200 to try. */
const walk = (
  grid: NonNullable<SweepOptions['grid']>,
  more: Partial<Parameters<typeof walkForward>[0]> = {},
) => walkForward({ candles, strategy, grid, windows: 2, trainShare: 0.6, threads: 0, ...more });

describe('a walk-forward that ends before its last window was not interrupted, and says why', () => {
  test('when all runs of a first part fail', async () => {
    const store = newFile('db');
    const result = await walk({ at: [5, 6], does: ['throws'] }, { store });
    expect(result).toMatchObject({ windows: [], interrupted: false });
    expect(result.endedBy).toMatch(
      /^All 2 runs of the first part of window 1 failed\. The first of them: .*candle 5/,
    );
  });

  test('when the strategy refuses all parameters of a first part', async () => {
    const result = await walk({ fast: [50], slow: [20, 30] }, { strategy: 'ma-cross' });
    expect(result.endedBy).toMatch(
      /^Nothing was run in the first part of window 1: the strategy refuses all 2/,
    );
  });

  test('when the run of a second part fails, and its store has the windows before', async () => {
    const store = newFile('db');
    // Longer than a first part, shorter than both.
    const result = await walk({ at: [420], does: ['throws'] }, { store });
    expect(result).toMatchObject({ windows: [], interrupted: false });
    expect(result.endedBy).toMatch(
      /^The second part of window 1 failed: .*candle 420 .*I do not like this candle/,
    );
  });

  test('when the run of a second part takes longer than its budget, which is that of all runs', async () => {
    // A run looks at the clock every 1,024 candles: those of the first part are fewer.
    const long = { candles: randomCandles(31, 2200), windows: 1, trainShare: 0.4, runBudgetMs: 100 };
    const result = await walk({ at: [950], does: ['dawdles'] }, long);
    expect(result).toMatchObject({ windows: [], interrupted: false });
    expect(result.endedBy).toMatch(/^The second part of window 1 failed: .*\b100\b/);
  });

  test('and one that has all its windows, or was interrupted, has no such reason', async () => {
    const whole = await walk({ at: [5, 6] });
    expect(whole).toMatchObject({ interrupted: false, endedBy: null });
    const controller = new AbortController();
    const store = newFile('db');
    const onWindow = () => controller.abort();
    const cut = await walk({ at: [5, 6] }, { onWindow, signal: controller.signal, store });
    expect(cut).toMatchObject({ interrupted: true, endedBy: null });
    expect(readWalkForward(store)).toMatchObject({ interrupted: true, endedBy: null });
  });
});

describe('a report of other candles than those of the result is refused', () => {
  const other = randomCandles(32, 700);

  test('of a walk-forward, at once and from its store', async () => {
    const store = newFile('db');
    const result = await walk({ at: [5, 6] }, { store });
    await expect(writeReport(newFile('html'), result, { candles: other })).rejects.toThrow(InputError);
    await expect(writeReport(newFile('html'), result, { candles: candles.prefix(699) })).rejects.toThrow(
      InputError,
    );
    await expect(writeStoreReport(newFile('html'), store, { candles: other })).rejects.toThrow(InputError);
    const page = readFileSync(await writeStoreReport(newFile('html'), store, { candles }), 'utf8');
    expect(page).toContain(candles.hash());
    expect(readWalkForward(store).dataHash).toBe(candles.hash());
  });

  test('of a sweep, at once, by its parts and from its store', async () => {
    const store = newFile('db');
    const result = await sweep({ candles, strategy, grid: { at: [5, 6] }, threads: 0, store });
    expect(() => sweepReportOf(result, other)).toThrow(InputError);
    const report = sweepReportOf(result, candles);
    for (const given of [result, report])
      await expect(writeReport(newFile('html'), given, { candles: other })).rejects.toThrow(InputError);
    await expect(writeStoreReport(newFile('html'), store, { candles: other })).rejects.toThrow(InputError);
  });

  test('of a run', async () => {
    const result = runBacktest({ candles, strategy: await loadStrategy('rsi') });
    await expect(writeReport(newFile('html'), result, { candles: other })).rejects.toThrow(InputError);
  });
});
