import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type BacktestResult,
  type Candles,
  candlesFromRows,
  resultCsv,
  resultJson,
  type SweepReport,
  sweepReportOf,
  writeReport,
} from 'millrace/backtest';
import { InputError, OutputError } from 'millrace/errors';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { packColumn } from '../../../../dist/src/page/columns.js';
import {
  sampleCandles,
  sampleResult,
  sampleSweep,
  sampleWalk,
} from '../../../support/backtest/report-sample.js';
import { tempFolder } from '../../../support/temp-folder.js';

// A browser, or a sweep, starts here beside all other test files.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const folder = tempFolder();
let candles: Candles;
let result: BacktestResult;

beforeAll(async () => {
  candles = sampleCandles();
  result = await sampleResult(candles);
});

/** The data that a page holds. */
function dataOf(path: string) {
  const [, text = ''] =
    /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(readFileSync(path, 'utf8')) ?? [];
  return JSON.parse(text);
}

describe('writeReport', () => {
  test('writes one file with identity, statistics of run and benchmark, and all trades', async () => {
    const path = await writeReport(join(folder, 'run.html'), result, { candles });
    const html = readFileSync(path, 'utf8');
    expect(html).toContain(`default-src 'none'`);
    expect(html).not.toMatch(/(?:src|href)="?https?:/);
    const data = dataOf(path);
    expect(data.trades).toHaveLength(result.trades.length);
    expect(data.fills).toHaveLength(result.fills.length);
    expect(data.months.years.map(({ year }: { year: number }) => year)).toEqual(
      Array.from({ length: 21 }, (_, index) => 2000 + index),
    );
    const facts = JSON.stringify(data.facts);
    for (const hash of [result.fingerprint, result.identity.dataHash, result.identity.strategyHash])
      expect(facts).toContain(hash);
    const [returns] = data.statistics;
    expect(returns.lines[0]).toMatchObject({ label: 'Total return', benchmark: '+95.26 %' });
  });

  test('the months of a year multiply to the year, and the years to the total', async () => {
    const { months } = dataOf(await writeReport(join(folder, 'run.html'), result));
    let all = 1;
    for (const { months: row, total } of months.years) {
      const year = row.reduce((product: number, value: number | null) => product * (1 + (value ?? 0)), 1);
      expect(year - 1).toBeCloseTo(total, 10);
      all *= 1 + total;
    }
    expect(all - 1).toBeCloseTo(result.statistics.totalReturn, 10);
  });

  test('without candles the page has no market, and of other candles it is refused', async () => {
    const path = await writeReport(join(folder, 'bare.html'), result);
    expect(dataOf(path).columns).not.toHaveProperty('open');
    const other = candles.prefix(100);
    await expect(writeReport(path, result, { candles: other })).rejects.toThrow(InputError);
  });

  test('replaces an earlier report and no other file, unless by force', async () => {
    const path = join(folder, 'taken.html');
    writeFileSync(path, '<!doctype html><p>mine');
    await expect(writeReport(path, result)).rejects.toThrow(OutputError);
    expect(readFileSync(path, 'utf8')).toContain('mine');
    await writeReport(path, result, { force: true });
    await writeReport(path, result);
    expect(readFileSync(path, 'utf8')).toContain('name="generator" content="Millrace"');
    await expect(writeReport('', result)).rejects.toThrow(InputError);
  });

  test('a run of a few candles, without a trade, has a report too', async () => {
    const few = candlesFromRows(
      [10, 10].map((close, day) => ({
        time: day * 86_400_000,
        open: close,
        high: close,
        low: close,
        close,
        volume: 0,
      })),
    );
    const data = dataOf(
      await writeReport(join(folder, 'few.html'), await sampleResult(few), { candles: few }),
    );
    expect(data).toMatchObject({ months: null, histogram: null, rolling: null, trades: [] });
    expect(data.notes.join()).toContain('too short to annualise');
  });

  test('a sweep has its runs, its parameters and the deflated Sharpe ratio of its best', async () => {
    const found = await sampleSweep(candles);
    const data = dataOf(await writeReport(join(folder, 'sweep.html'), found, { candles }));
    expect(data).toMatchObject({ kind: 'sweep', runs: 64, parameters: ['fast', 'slow', 'trail', 'short'] });
    expect(data.texts).toEqual({ short: ['false', 'true'] });
    expect(data.notes[0]).toMatch(/of 64 runs without any skill the best .* probability of \d+ %/);
    expect(sweepReportOf(found).bars).toBeUndefined();
    const without = dataOf(await writeReport(join(folder, 'sweep.html'), found));
    expect(without.notes[0]).toMatch(/is not tested/);
  });

  test('a walk-forward has its windows, in and out of sample, and a heading of one’s own', async () => {
    const found = await sampleWalk(candles);
    const path = join(folder, 'walk.html');
    const data = dataOf(await writeReport(path, found, { title: 'Crosses <of> averages' }));
    expect(data.windows.map(({ testReturn }: { testReturn: number }) => testReturn)).toEqual(
      found.windows.map(({ outOfSample }) => outOfSample.totalReturn),
    );
    expect(data.columns.time.length).toBe(found.equity.time.length);
    expect(readFileSync(path, 'utf8')).toContain('<title>Crosses &lt;of&gt; averages</title>');
    await expect(writeReport(path, { ...found, windows: [] })).rejects.toThrow(/at least one window/);
  });

  test('a sweep of nothing, and of too many runs for a page, is refused', async () => {
    const report: SweepReport = { title: 'x', rows: [], benchmark: {} };
    await expect(writeReport(join(folder, 'none.html'), report)).rejects.toThrow(/at least one run/);
    const row = {
      parameters: {},
      totalReturn: 0,
      annualReturn: null,
      sharpe: null,
      maxDrawdown: 0,
      winRate: null,
      profitFactor: null,
      trades: 0,
      finalCapital: 1,
    };
    const rows = Array.from({ length: 100_001 }, () => row);
    await expect(writeReport(join(folder, 'many.html'), { ...report, rows })).rejects.toThrow(
      /the limit is 100000/,
    );
  });
});

describe('exports', () => {
  test('tables as CSV with ISO times, a row for each', () => {
    for (const table of ['trades', 'orders', 'fills'] as const) {
      const [header = '', first = '', ...rest] = resultCsv(result, table).trimEnd().split('\n');
      expect(header.split(',')).toContain('number');
      expect(first.split(',')).toHaveLength(header.split(',').length);
      expect(rest).toHaveLength(result[table].length - 1);
    }
    const equity = resultCsv(result, 'equity').split('\n');
    expect(equity[0]).toBe('time,equity,position,benchmark,fast,slow');
    expect(equity[1]).toMatch(/^2000-01-03T00:00:00.000Z,10000,0,/);
    expect(equity).toHaveLength(candles.length + 2);
  });

  test('what a spreadsheet would take for a formula is text, and quotes are doubled', () => {
    const [trade] = result.trades;
    const odd = { ...result, trades: [{ ...trade, tag: '=1+1,"x"' }] } as BacktestResult;
    expect(resultCsv(odd, 'trades')).toContain(`"'=1+1,""x"""`);
    expect(resultCsv({ ...result, trades: [] }, 'trades')).toMatch(/^number,/);
  });

  test('JSON has the curves as lists, and null for what is missing', () => {
    const all = JSON.parse(resultJson(result));
    expect(all.equity.equity).toHaveLength(candles.length);
    expect(all.plots[1].values[0]).toBeNull();
    expect(all.fingerprint).toBe(result.fingerprint);
  });
});

describe('columns of a page', () => {
  test.each([
    ['prices', [1455.22, 1455.21, 0.0001], 'decimal'],
    ['times', [1_700_000_000_000, 1_700_000_060_000], 'decimal'],
    ['fractions that no decimal is', [1 / 3, 2 / 3], 'float'],
    ['missing values', [1, Number.NaN], 'float'],
    ['values too far apart', [0, 1e13], 'float'],
    ['nothing', [], 'decimal'],
  ])('%s', (_what, values, form) => {
    expect(packColumn(values)).toMatchObject({ form, length: values.length });
  });
});
