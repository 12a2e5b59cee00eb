import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Candles,
  candlesFromTrades,
  loadStrategy,
  readBacktest,
  readFiner,
  readTrades,
  resample,
  runBacktest,
  storeBacktest,
  sweep,
  walkForward,
} from 'millrace/backtest';
import { InputError } from 'millrace/errors';
import { describe, expect, test, vi } from 'vitest';
import { randomCandles } from '../../support/backtest/helpers.js';
import { millraceElsewhere as millrace } from '../../support/millrace.js';
import { tempFolder } from '../../support/temp-folder.js';

// Engines are opened here, beside all other test files.
vi.setConfig({ testTimeout: 240_000 });

const days = randomCandles(31, 2000);
const candles = resample(days, '4d').candles;
const parameters = { fast: 3, slow: 9, trail: 0.05 };

function csvOf({ time, open, high, low, close, length }: Candles): string {
  const lines = Array.from({ length }, (_, at) => [time[at], open[at], high[at], low[at], close[at]].join());
  const path = join(tempFolder(), 'candles.csv');
  writeFileSync(path, ['time,open,high,low,close', ...lines].join('\n'));
  return path;
}

/** Trades as an archive has them: of each candle its open, high, low and close. */
function tradesCsvOf({ time, open, high, low, close, length }: Candles): string {
  const lines = Array.from({ length }, (_, at) =>
    [open, high, low, close].map((price, step) => `${(time[at] as number) + step},${price[at]},1`),
  );
  const path = join(tempFolder(), 'trades.csv');
  writeFileSync(path, ['time,price,quantity', ...lines.flat()].join('\n'));
  return path;
}

test('a sweep and a walk-forward are decided by the finer candles as a run is, on any thread', async () => {
  const strategy = await loadStrategy('ma-cross');
  const alone = runBacktest({ candles, finer: days, strategy, parameters });
  expect(alone.finer).toMatchObject({ timeframe: '1d', covered: 501 });
  expect(alone.finer?.decided).toBeGreaterThan(0);
  const options = { candles, finer: days, strategy: 'ma-cross', list: [parameters] } as const;
  const [none, two] = [await sweep({ ...options, threads: 0 }), await sweep({ ...options, threads: 2 })];
  expect(none.best[0]?.finalCapital).toBe(alone.finalCapital);
  expect(none.best[0]?.backtestId).toBe(alone.identity.backtestId);
  expect(two.fingerprint).toBe(none.fingerprint);
  const without = await sweep({ candles, strategy: 'ma-cross', list: [parameters], threads: 0 });
  expect(without.sweepId).not.toBe(none.sweepId);
  const walked = await walkForward({
    ...{ candles, finer: days, strategy: 'ma-cross', threads: 0, windows: 2 },
    grid: { fast: [3, 5], slow: [9], trail: [0.05] },
  });
  expect(walked.windows).toHaveLength(2);
});

test('a store of a sweep is not gone on with by other finer candles', async () => {
  const store = join(tempFolder(), 'sweep.db');
  const options = { candles, strategy: 'ma-cross', list: [parameters], threads: 0, store } as const;
  await sweep({ ...options, finer: days });
  await expect(sweep(options)).rejects.toThrow(InputError);
});

test('a store tells the run as it was, and which finer candles there were', async () => {
  const store = join(tempFolder(), 'run.db');
  const strategy = await loadStrategy('ma-cross');
  const result = await storeBacktest(store, { candles, finer: days, strategy, parameters, level: 'full' });
  const told = readBacktest(store, { candles });
  expect([told.trades, told.equity, told.orders]).toEqual([result.trades, result.equity, result.orders]);
  expect(told.identity.finerHash).toBe(days.hash());
});

describe('--finer', () => {
  test('takes a file of finer candles, and the commands say how many candles it decided', async () => {
    const [file, finer] = [csvOf(candles), csvOf(days)];
    const settings = ['--strategy', 'ma-cross', '--param', 'fast=3', '--param', 'slow=9', '--finer', finer];
    const run = await millrace('backtest', file, ...settings, '--check');
    expect(run.stdout).toMatch(/^finer +1d, in 501 candles; \d+ were decided by it$/m);
    expect(run.stdout).toMatch(/^look-ahead +passed/m);
    const { stdout } = await millrace('backtest', file, ...settings, '--json');
    const grid = ['--strategy', 'ma-cross', '--grid', 'fast=3', '--grid', 'slow=9', '--finer', finer];
    const swept = await millrace('sweep', file, ...grid, '--json', '--store', join(tempFolder(), 's.db'));
    expect(JSON.parse(swept.stdout).best[0].finalCapital).toBe(JSON.parse(stdout).finalCapital);
  });

  test('takes trades as well, in their order, whatever the length of the candles', async () => {
    const [file, finer] = [csvOf(candles), tradesCsvOf(days)];
    const { stdout } = await millrace('backtest', file, '--strategy', 'ma-cross', '--finer', finer);
    expect(stdout).toMatch(/^finer +trades, in 501 candles; \d+ were decided by it$/m);
    const trades = readFiner(finer);
    expect(trades).toMatchObject({ length: 8000 });
    expect(readFiner(csvOf(days))).toMatchObject({ length: 2000 });
    const shared = await sweep({
      ...{ candles, strategy: 'ma-cross', list: [parameters], threads: 1, finer: readTrades(finer) },
    });
    const alone = runBacktest({
      candles,
      strategy: await loadStrategy('ma-cross'),
      parameters,
      finer: trades,
    });
    expect(shared.best[0]?.finalCapital).toBe(alone.finalCapital);
  });

  test('says of a file of another market that it is one, and of an empty name that it is empty', async () => {
    const other = csvOf(randomCandles(32, 2000));
    const wrong = await millrace('backtest', csvOf(candles), '--finer', other);
    expect([wrong.code, wrong.stderr]).toEqual([
      1,
      expect.stringMatching(/not made of the finer ones in it/),
    ]);
    const empty = await millrace('backtest', csvOf(candles), '--finer', '');
    expect([empty.code, empty.stderr]).toEqual([2, expect.stringMatching(/--finer is empty/)]);
  });
});

/** Recorded messages of Binance. They are not part of the repository. */
const DATA =
  process.env.MILLRACE_MARKET_DATA ?? new URL('../../../../shared/data/', import.meta.url).pathname;

describe.skipIf(!existsSync(DATA))('a recorded stream of trades', () => {
  test('is candles of a minute for the strategy, and decides within them trade by trade', async () => {
    const trades = readTrades(join(DATA, 'binance-spot-btcusdt-20240808.jsonl.gz'));
    const minutes = candlesFromTrades(trades, '1m');
    const strategy = await loadStrategy('grid');
    const result = runBacktest({ candles: minutes, finer: trades, strategy, parameters: { step: 0.002 } });
    expect(result.finer).toMatchObject({ timeframe: 'trades', covered: minutes.length });
    expect(result.finer?.decided).toBeGreaterThan(0);
    // What rested in the book was filled at its own price, or at that of the trade that passed it.
    const prices = new Set(trades.price);
    const limits = new Map(result.orders.map(({ number, limitPrice }) => [number, limitPrice]));
    const rested = result.fills.filter(({ maker }) => maker);
    expect(rested.length).toBeGreaterThan(0);
    expect(rested.every(({ order, price }) => limits.get(order) === price || prices.has(price))).toBe(true);
  });
});
