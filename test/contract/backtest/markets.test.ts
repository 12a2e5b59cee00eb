import { fileURLToPath } from 'node:url';
import type { NewEvent } from 'millrace';
import {
  candlesFromRows,
  checkDeterminism,
  compare,
  loadStrategy,
  readSweep,
  runBacktest,
  storeBacktest,
  sweep,
  walkForward,
} from 'millrace/backtest';
import { openStoreReader } from 'millrace/store';
import { expect, test, vi } from 'vitest';
import { type Data, randomCandles } from '../../support/backtest/helpers.js';
import { tempFolder } from '../../support/temp-folder.js';

// Engines are opened here, up to four a test, beside all other test files.
vi.setConfig({ testTimeout: 240_000 });

const strategy = new URL('../../../examples/pair.strategy.mjs', import.meta.url);
const A = randomCandles(21, 250);
const other = randomCandles(22, 250);
const B = candlesFromRows(
  Array.from(other.time, (time, at) => {
    const [open, high, low, close] = ([other.open, other.high, other.low, other.close] as const).map(
      (column) => column[at] as number,
    ) as [number, number, number, number];
    return { time, open, high, low, close, volume: 1 };
  }).filter((_row, day) => day > 30 && day % 9 !== 4),
);
const candles = { 'KRW-BTC': A, 'KRW-ETH': B };
const grid = { length: [3, 5, 9], apart: [0.02, 0.05] };
const rules = { leverage: 2, maintenanceMargin: 0.1, level: 'full' as const };

test('a sweep of several markets is the same on 0, 1, 2 and 4 threads, in memory and stored, and in any order', async () => {
  const first = await sweep({ candles, strategy, grid, ...rules, threads: 0 });
  expect(first).toMatchObject({ runs: 6, finished: 6, failed: 0 });
  for (const threads of [1, 2]) {
    const store = threads === 2 ? `${tempFolder()}/sweep.db` : undefined;
    const one = await sweep({
      candles,
      strategy,
      grid,
      ...rules,
      threads,
      ...(store !== undefined && { store }),
    });
    expect([one.fingerprint, one.results, one.buyAndHold]).toEqual([
      first.fingerprint,
      first.results,
      first.buyAndHold,
    ]);
    if (store !== undefined) {
      expect([...readSweep(store)].length).toBe(6);
      const again = await sweep({ candles, strategy, grid, ...rules, threads: 1, store });
      expect([again.resumed, again.fingerprint]).toEqual([true, first.fingerprint]);
      await expect(
        sweep({ candles: { 'KRW-ETH': B, 'KRW-BTC': A }, strategy, grid, ...rules, store }),
      ).rejects.toThrow('candles, strategy');
    }
  }
  // On 0, 1, 2 and 4.
  const check = await checkDeterminism({ candles, strategy, grid: { length: [3, 5, 9] }, ...rules });
  expect(check).toMatchObject({ passed: true, sets: 3 });
});

test('a run of a sweep has the events of the same run by itself, each with the name of its market', async () => {
  const store = `${tempFolder()}/sweep.db`;
  const { best } = await sweep({ candles, strategy, grid: { length: [5] }, ...rules, threads: 1, store });
  const events: NewEvent[] = [];
  const result = runBacktest({
    candles,
    strategy: await loadStrategy(strategy),
    parameters: { length: 5 },
    ...rules,
    emit: (event) => events.push(event),
  });
  expect(best[0]).toMatchObject({
    backtestId: result.identity.backtestId,
    finalCapital: result.finalCapital,
  });
  expect(result.trades.length).toBeGreaterThan(20);
  using reader = openStoreReader(store);
  const stored = [...reader.read({ fromPosition: 1 })].slice(1);
  const shape = ({ type, data }: { type: string; data: unknown }) => {
    const { execution_duration_seconds: _, data_load_duration_ms: __, ...rest } = data as Data;
    return JSON.parse(JSON.stringify([type, rest]));
  };
  expect(stored.map(shape)).toEqual(events.map(shape));
  const symbols = (type: string) =>
    events.filter((event) => event.type === type).map(({ data }) => (data as Data).symbol);
  expect(symbols('backtest.data_loaded')).toEqual(['KRW-BTC', 'KRW-ETH']);
  expect(symbols('backtest.completed')).toEqual(['KRW-BTC+KRW-ETH']);
  expect(symbols('backtest.trade_executed')).toEqual(result.fills.map(({ market }) => market));
  expect(symbols('trading.trade_completed')).toEqual(result.trades.map(({ market }) => market));
  expect(new Set(symbols('trading.order_placed'))).toEqual(new Set(['KRW-BTC', 'KRW-ETH']));
  const prices = new Map(
    Object.entries(candles).map(([name, { low, high }]) => [name, [Math.min(...low), Math.max(...high)]]),
  );
  for (const { data } of events.filter(({ type }) => type === 'backtest.trade_executed')) {
    const { symbol, execution_price, order_id, trade_id, current_position } = data as Data;
    const [least = 0, most = 0] = prices.get(String(symbol)) ?? [];
    expect(execution_price).toBeGreaterThanOrEqual(least);
    expect(execution_price).toBeLessThanOrEqual(most);
    const fill = result.fills[Number(String(trade_id).split('-').at(-1)) - 1];
    expect([fill?.market, fill?.positionAfter]).toEqual([symbol, current_position]);
    expect(result.orders[Number(String(order_id).split('-').at(-1)) - 1]?.market).toBe(symbol);
  }
  const times = events.map(({ options }) => Number(options?.occurredAt));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  const started = [...reader.read({ types: ['backtest.started'] })][0]?.data as Data;
  expect(started.backtest_settings).toMatchObject({
    data_hash: result.identity.dataHash,
    markets: result.identity.markets?.map(({ symbol, dataHash }) => ({ symbol, data_hash: dataHash })),
  });
});

test('a walk-forward goes over the clock of all markets', async () => {
  const walked = await walkForward({ candles, strategy, grid, windows: 3, threads: 0, leverage: 2 });
  expect(walked.windows.length).toBe(3);
  expect(walked.equity.time.length).toBeGreaterThan(100);
  const profit = walked.trades.reduce((sum, { profit: one }) => sum + one, 0);
  expect(walked.statistics.finalCapital).toBeCloseTo(10_000 + profit, 5);
  expect(new Set(walked.trades.map(({ market }) => market))).toEqual(new Set(['KRW-BTC', 'KRW-ETH']));
  const again = await walkForward({ candles, strategy, grid, windows: 3, threads: 1, leverage: 2 });
  expect(again.fingerprint).toBe(walked.fingerprint);
});

test('runs of the same markets are compared, and those of others are refused', async () => {
  const loaded = await loadStrategy(fileURLToPath(strategy));
  const run = (parameters: object) => runBacktest({ candles, strategy: loaded, parameters });
  expect(compare([run({ apart: 0.02 }), run({ apart: 0.05 })] as never).rows.length).toBe(2);
  const others = runBacktest({ candles: { 'KRW-BTC': A, 'KRW-XRP': B }, strategy: loaded });
  expect(() => compare([run({}), others] as never)).toThrow('different candles');
});

test('what cannot be told from a log is refused before anything is run', async () => {
  const loaded = await loadStrategy(strategy);
  const store = `${tempFolder()}/run.db`;
  const refusal = { code: 'MILLRACE_INVALID_OPTION', message: expect.stringContaining('several markets') };
  await expect(storeBacktest(store, { candles, strategy: loaded })).rejects.toMatchObject(refusal);
  await expect(walkForward({ candles, strategy, grid, store })).rejects.toMatchObject(refusal);
});
