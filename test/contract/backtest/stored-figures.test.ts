import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CandleRow,
  candlesFromRows,
  fullStatistics,
  loadStrategy,
  readBacktest,
  storeBacktest,
  sweep,
  walkForward,
  writeReport,
  writeStoreReport,
} from 'millrace/backtest';
import { openStoreReader } from 'millrace/store';
import { describe, expect, test, vi } from 'vitest';
import { DAY, randomCandles, START } from '../../support/backtest/helpers.js';
import { tempFolder } from '../../support/temp-folder.js';

// Engines are opened here, beside all other test files.
vi.setConfig({ testTimeout: 120_000 });

const folder = tempFolder();
let files = 0;
const newFile = (end: string) => join(folder, `figures-${++files}.${end}`);

/** Candles of any spacing over a span of days. */
function candlesOver(days: number, spacing: number) {
  const { open, high, low, close, volume, length } = randomCandles(days, Math.round((days * DAY) / spacing));
  const at = (column: Float64Array, index: number) => column[index] as number;
  return candlesFromRows(
    Array.from({ length }, (_, index): CandleRow => {
      return {
        time: START + index * spacing,
        open: at(open, index),
        high: at(high, index),
        low: at(low, index),
        close: at(close, index),
        volume: at(volume, index),
      };
    }),
  );
}

interface Page {
  readonly cards: unknown;
  readonly statistics: unknown;
  readonly months: unknown;
  readonly histogram: unknown;
  readonly notes: readonly string[];
}

/** What the page of a report shows. */
function pageIn(file: string): Page {
  const [, json = ''] =
    /<script type="application\/json"[^>]*>(.*?)<\/script>/s.exec(readFileSync(file, 'utf8')) ?? [];
  return JSON.parse(json);
}

const figuresOf = ({ cards, statistics, months, histogram }: Page) => ({
  cards,
  statistics,
  months,
  histogram,
});
const MINUTE = 60_000;

describe('the report of a backtest that is made from its store', () => {
  test.each([
    ['5 days', '5-minute candles', 5 * DAY, 5 * MINUTE],
    ['5 days', 'hourly candles', 5 * DAY, 60 * MINUTE],
    ['5 days', 'daily candles', 5 * DAY, DAY],
    ['2 days', 'minute candles', 2 * DAY, MINUTE],
    ['29 days', '15-minute candles', 29 * DAY, 15 * MINUTE],
    ['40 days', '15-minute candles', 40 * DAY, 15 * MINUTE],
    ['40 days', 'daily candles', 40 * DAY, DAY],
    ['7 years', 'daily candles', 2500 * DAY, DAY],
  ])('shows over %s of %s the same figures as the one that was made at once', async (_, _of, span, spacing) => {
    const candles = candlesOver(span / DAY, spacing);
    const store = newFile('db');
    const strategy = await loadStrategy('ma-cross');
    const result = await storeBacktest(store, { candles, strategy, parameters: { fast: 2, slow: 4 } });
    const atOnce = pageIn(await writeReport(newFile('html'), result));
    for (const given of [{}, { candles }]) {
      const later = pageIn(await writeStoreReport(newFile('html'), store, given));
      expect(figuresOf(later)).toEqual(figuresOf(atOnce));
    }
    expect(readBacktest(store).stored.figures?.run).toEqual(fullStatistics(result));
  });

  test('of one that is ruined has no figure but the same reasons', async () => {
    const candles = candlesOver(5, 5 * MINUTE);
    candles.close.fill(1e-9, 700);
    candles.low.fill(1e-9, 700);
    const store = newFile('db');
    const strategy = await loadStrategy('buy-and-hold');
    const result = await storeBacktest(store, { candles, strategy });
    expect(figuresOf(pageIn(await writeStoreReport(newFile('html'), store)))).toEqual(
      figuresOf(pageIn(await writeReport(newFile('html'), result))),
    );
  });

  test('of the second part of a walk-forward has those of all candles as well', async () => {
    const candles = candlesOver(20, 5 * MINUTE);
    const store = newFile('db');
    const grid = { fast: [2, 5], slow: [20] };
    await walkForward({ candles, strategy: 'ma-cross', grid, windows: 1, threads: 0, store });
    using reader = openStoreReader(store);
    const [started] = [...reader.read({ types: ['backtest.started'] })];
    const { figures, every } = readBacktest(store, { backtestId: started?.aggregateId as string }).stored;
    expect(every).toBeGreaterThan(1);
    expect(figures?.run.sharpe.value).toEqual(expect.any(Number));
  });

  test('of a run of a sweep has annual figures from three days on, and says of which candles they are', async () => {
    const candles = candlesOver(5, 5 * MINUTE);
    const store = newFile('db');
    await sweep({ candles, strategy: 'ma-cross', grid: { fast: [5], slow: [20, 40] }, threads: 0, store });
    const { stored } = readBacktest(store, { backtestId: idIn(store) });
    expect(stored).toMatchObject({ figures: null, every: 2 });
    const page = pageIn(await writeStoreReport(newFile('html'), store, { run: 'best' }));
    expect(page.notes[0]).toMatch(/one candle in 2\. Return and the depth .* are of all candles; all other/);
    expect(JSON.stringify(page.cards)).toMatch(/"Sharpe","value":"-?\d/);
  });
});

function idIn(store: string): string {
  using reader = openStoreReader(store);
  for (const { aggregateId } of reader.read({ types: ['backtest.started'] })) return aggregateId;
  return '';
}
