import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { NewEvent } from 'millrace';
import {
  type BacktestOptions,
  candlesFromRows,
  defineStrategy,
  loadStrategy,
  readBacktest,
  readSweepReport,
  readWalkForward,
  runBacktest,
  SHIPPED_STRATEGIES,
  storeBacktest,
  sweep,
  unpackColumn,
  walkForward,
  writeStoreReport,
} from 'millrace/backtest';
import { InputError, StorePathError } from 'millrace/errors';
import { openStoreReader } from 'millrace/store';
import { allTradingEvents } from 'millrace/trading';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { packNumbers } from '../../../dist/src/backtest/runs/packed-column.js';
import { writeEvents } from '../../../dist/src/backtest/stored/store-backtest.js';
import { DAY, type Data, randomCandles } from '../../support/backtest/helpers.js';
import { tempFolder } from '../../support/temp-folder.js';

// Engines are opened here, beside all other test files.
vi.setConfig({ testTimeout: 120_000 });

const folder = tempFolder();
let stores = 0;
const newStore = () => join(folder, `store-${++stores}.db`);

const candles = randomCandles(5, 700);
/** More candles than a curve has points. */
const long = randomCandles(6, 5000);

describe('a backtest that is told from its log', () => {
  test.each(
    SHIPPED_STRATEGIES,
  )('%s: with its candles it is the result itself, to the last bit', async (name) => {
    const store = newStore();
    const options = { candles, strategy: await loadStrategy(name), symbol: 'TEST', slippage: 0.0005 };
    const result = await storeBacktest(store, options);
    const told = readBacktest(store, { candles });
    expect(told.trades).toEqual(result.trades);
    expect(told.fills).toEqual(result.fills);
    expect(told.equity).toEqual(result.equity);
    expect(told.statistics).toEqual(result.statistics);
    expect(told.tradeStatistics).toEqual(result.tradeStatistics);
    expect(told.benchmark).toEqual(result.benchmark);
    const { engine: _e, node: _n, v8: _v, architecture: _a, ...identity } = result.identity;
    expect(told.identity).toEqual(identity);
    for (const field of [
      'settings',
      'parameters',
      'finalCapital',
      'commission',
      'turnover',
      'exposure',
    ] as const)
      expect(told[field], field).toEqual(result[field]);
    expect(told.stored).toMatchObject({ store, level: 'trades', every: 1, exact: true });
  });

  test.each(SHIPPED_STRATEGIES)('%s: of the level full it has each order as well', async (name) => {
    const store = newStore();
    const rules = { volumeShare: 1, leverage: 2, maintenanceMargin: 0.2, level: 'full' } as const;
    const options = { candles, strategy: await loadStrategy(name), initialCapital: 150, ...rules };
    const result = await storeBacktest(store, options);
    const told = readBacktest(store, { candles });
    expect(told.orders).toEqual(result.orders);
    expect([told.trades, told.equity]).toEqual([result.trades, result.equity]);
  });

  test('without them it has the same trades, and a curve to a millionth of the capital', async () => {
    const store = newStore();
    const result = await storeBacktest(store, { candles, strategy: await loadStrategy('ma-cross') });
    const told = readBacktest(store);
    expect(told.stored).toMatchObject({ every: 1, exact: false });
    expect(told.trades).toEqual(result.trades);
    expect(told.equity.time).toEqual(result.equity.time);
    expect(told.equity.position).toEqual(result.equity.position);
    told.equity.equity.forEach((value, index) => {
      expect(Math.abs(value - (result.equity.equity[index] as number))).toBeLessThanOrEqual(0.005001);
    });
    told.benchmark.equity.forEach((value, index) => {
      expect(value / (result.benchmark.equity[index] as number)).toBeCloseTo(1, 4);
    });
    expect(told.statistics).toEqual(result.statistics);
  });

  test('positions that were closed in parts, and paid funding, have the same trades to the last bit', async () => {
    const store = newStore();
    const { open, high, low, close, volume, time } = candles;
    const funded = candlesFromRows(
      Array.from(time, (_, at) => ({
        time: time[at] as number,
        open: open[at] as number,
        high: high[at] as number,
        low: low[at] as number,
        close: close[at] as number,
        volume: volume[at] as number,
        funding: at % 8 === 0 ? 0.0005 * ((at % 5) - 2) : 0,
      })),
    );
    const strategy = defineStrategy({
      name: 'parts',
      parameters: z.object({}),
      onBar(ctx) {
        ctx.target(2 * ctx.random() - 1);
      },
    });
    const result = await storeBacktest(store, { candles: funded, strategy, leverage: 2 });
    expect(result.trades.length).toBeGreaterThan(300);
    expect(readBacktest(store).trades).toEqual(result.trades);
  });

  test('of many candles the log has 1,025 at most, the first and the last among them, in few bytes', async () => {
    const store = newStore();
    const result = await storeBacktest(store, { candles: long, strategy: await loadStrategy('ma-cross') });
    const told = readBacktest(store);
    const { time, equity } = told.equity;
    expect(told.stored.every).toBe(5);
    expect(time.length).toBeLessThanOrEqual(1025);
    expect([time[0], time[1], time.at(-1)]).toEqual([long.start, long.start + 5 * DAY, long.end]);
    expect(equity.at(-1)).toBeCloseTo(result.finalCapital, 2);
    expect(told.statistics).toEqual(result.statistics);
    expect(told.trades.map(({ profit, entryTime, exitTime }) => [profit, entryTime, exitTime])).toEqual(
      result.trades.map(({ profit, entryTime, exitTime }) => [profit, entryTime, exitTime]),
    );
    using reader = openStoreReader(store);
    for (const { data } of reader.read({ types: ['backtest.completed', 'backtest.data_loaded'] })) {
      const columns = Object.values(data as object).filter((field) => field?.data !== undefined);
      for (const { data: text } of columns) expect(text.length).toBeLessThan(6000);
    }
  });

  test('its report is a page of a run, which says that it is from the log', async () => {
    const store = newStore();
    await storeBacktest(store, { candles: long, strategy: await loadStrategy('ma-cross') });
    for (const more of [{}, { candles: long }]) {
      const page = readFileSync(await writeStoreReport(`${store}.html`, store, more), 'utf8');
      expect(page).toContain('"kind":"run"');
      expect(page).toContain('Made from the log alone');
    }
  });
});

describe('a sweep that is told from its log', () => {
  const grid = { fast: [5, 10, 20], slow: [30, 60] };

  test('has the rows, the benchmark and the fingerprint of the sweep', async () => {
    const store = newStore();
    const result = await sweep({ candles, strategy: 'ma-cross', symbol: 'TEST', grid, threads: 0, store });
    const told = readSweepReport(store);
    expect(told.title).toBe('Sweep of ma-cross on TEST');
    expect(told.rows).toEqual(result.results);
    expect(told.benchmark).toMatchObject({
      totalReturn: expect.closeTo(result.buyAndHold.totalReturn, 5),
      maxDrawdown: expect.closeTo(result.buyAndHold.maxDrawdown, 5),
    });
    expect(readSweepReport(store, { candles }).benchmark).toEqual(result.buyAndHold);
    expect(told.facts).toMatchObject({ fingerprint: result.fingerprint, sweep: result.sweepId, runs: '6' });
    const [best] = result.best;
    const alone = runBacktest({
      candles,
      symbol: 'TEST',
      strategy: await loadStrategy('ma-cross'),
      parameters: best?.parameters,
    } as BacktestOptions);
    const run = readBacktest(store, { backtestId: best?.backtestId as string, candles });
    expect([run.trades, run.equity]).toEqual([alone.trades, alone.equity]);
    const page = readFileSync(await writeStoreReport(`${store}.html`, store), 'utf8');
    expect(page).toContain('"kind":"sweep"');
    const own = readFileSync(await writeStoreReport(`${store}.html`, store, { run: 'best' }), 'utf8');
    expect(own).toContain(JSON.stringify(best?.backtestId));
  });

  test('at the level summary it has its rows, and no benchmark but that of candles', async () => {
    const store = newStore();
    const options = { candles, strategy: 'ma-cross', grid, threads: 0, store, level: 'summary' } as const;
    const result = await sweep(options);
    const told = readSweepReport(store);
    expect(told.rows).toEqual(result.results);
    expect(told.benchmark).toEqual({});
    expect(readSweepReport(store, { candles }).benchmark).toEqual(result.buyAndHold);
    expect(result.events).toBe(12);
    const id = result.best[0]?.backtestId as string;
    expect(() => readBacktest(store, { backtestId: id })).toThrow(/level 'summary'/);
  });
});

describe('what a store does not have', () => {
  test('is said, and nothing is made up', async () => {
    const store = newStore();
    const strategy = await loadStrategy('ma-cross');
    expect(() => readBacktest(store)).toThrow(StorePathError);
    await storeBacktest(store, { candles, strategy });
    await expect(storeBacktest(store, { candles, strategy })).rejects.toThrow(/holds events already/);
    expect(() => readBacktest(store, { backtestId: 'other' })).toThrow(/has no backtest 'other'/);
    expect(() => readBacktest(store, { candles: candles.prefix(10) })).toThrow(InputError);
    expect(() => readSweepReport(store, { candles: candles.prefix(10) })).toThrow(InputError);
    expect(() => readBacktest(store, { id: 'x' } as object)).toThrow(/no option 'id'/);
    const several = newStore();
    const grid = { fast: [5, 10] };
    await sweep({ candles, strategy: 'ma-cross', grid, threads: 0, store: several });
    expect(() => readBacktest(several)).toThrow(/more than one backtest/);
  });
});

describe('a store whose process was ended while it wrote', () => {
  test('says what to do, and after that it can be told', async () => {
    const whole = newStore();
    const strategy = await loadStrategy('rsi');
    const { fingerprint } = await storeBacktest(whole, { candles, strategy });
    const store = newStore();
    await writeEvents(store, eventsOf(whole).slice(0, -3));
    for (const tell of [() => readBacktest(store), () => readBacktest(store, { candles })])
      expect(tell).toThrow(
        /is not whole: the process that wrote it was ended\. Delete the store '.*' and run it again/,
      );
    await expect(writeStoreReport(`${store}.html`, store)).rejects.toThrow(/Delete the store/);
    await expect(storeBacktest(store, { candles, strategy })).rejects.toThrow(/holds events already/);
    rmSync(store);
    expect((await storeBacktest(store, { candles, strategy })).fingerprint).toBe(fingerprint);
    expect(readBacktest(store, { candles }).trades).toEqual(readBacktest(whole, { candles }).trades);
  });

  test('of a sweep says that the same sweep finishes it', async () => {
    const whole = newStore();
    await sweep({ candles, strategy: 'ma-cross', grid: { fast: [5, 10] }, threads: 0, store: whole });
    const store = newStore();
    const [started] = eventsOf(whole) as [NewEvent];
    await writeEvents(store, [started]);
    const backtestId = (started.data as Data).backtest_id as string;
    expect(() => readBacktest(store, { backtestId })).toThrow(/Run the sweep again with the same store/);
  });

  test('of a walk-forward has the windows that were over, and says that it did not come to its end', async () => {
    const whole = newStore();
    const options = {
      candles,
      strategy: 'ma-cross',
      grid: { fast: [5], slow: [30] },
      windows: 3,
      threads: 0,
    };
    const { windows } = await walkForward({ ...options, store: whole });
    const events = eventsOf(whole);
    const second = events.findIndex(({ data }) => String((data as Data).comparison_id).endsWith('/window-2'));
    const store = newStore();
    await writeEvents(store, events.slice(0, second + 5));
    expect(readWalkForward(store)).toMatchObject({
      windows: windows.slice(0, 2),
      interrupted: false,
      endedBy: 'The process that ran it was ended before it was over.',
    });
    await expect(walkForward({ ...options, store })).rejects.toThrow(/holds events already/);
  });
});

/** The events of a store, to be written into another. */
function eventsOf(store: string): NewEvent[] {
  const types = new Map(allTradingEvents.map((type) => [type.type, type]));
  using reader = openStoreReader(store);
  return [...reader.read()].map(({ type, data, occurredAt }) => {
    const make = types.get(type as never) as unknown as (data: unknown, options: object) => NewEvent;
    return make(data, { occurredAt });
  });
}

describe('a packed column', () => {
  test('has the numbers that were packed, to half a unit, for any unit and order', () => {
    const number = fc.double({ min: -1e9, max: 1e9, noNaN: true });
    const runs = fc.array(
      fc.tuple(number, fc.integer({ min: 1, max: 40 })).map(([value, times]) => Array(times).fill(value)),
    );
    const unit = fc.constantFrom(1e-6, 0.01, 1, 10, 86_400_000);
    fc.assert(
      fc.property(runs, unit, fc.constantFrom(1 as const, 2 as const), (parts, step, order) => {
        const values = parts.flat() as number[];
        const back = unpackColumn(packNumbers(values, step, order));
        expect(back.length).toBe(values.length);
        back.forEach((value, index) => {
          const packed = values[index] as number;
          // A double this large is no nearer than that to any number.
          const nearest = Math.abs(packed) * Number.EPSILON;
          expect(Math.abs(value - packed)).toBeLessThanOrEqual(step * 0.5000001 + nearest);
        });
      }),
    );
  });

  test('that stands still, or rises evenly with order 2, takes next to nothing', () => {
    expect(packNumbers(new Float64Array(1000).fill(10_000), 0.01, 1).data.length).toBeLessThan(12);
    const times = Float64Array.from({ length: 1000 }, (_, index) => index * 60_000 + 1e12);
    expect(packNumbers(times, 60_000, 2).data.length).toBeLessThan(20);
  });

  test.each(['', 'AA==', 'gICAgICAgICAgICA', 'AgICAgICAgIC'])('that is none is refused: %j', (data) => {
    expect(() => unpackColumn({ unit: 1, order: 1, length: 4, data })).toThrow(InputError);
  });
});

describe('a walk-forward that is told from its log', () => {
  const options = { candles, strategy: 'ma-cross', grid: { fast: [5, 10], slow: [30, 60] }, windows: 3 };

  test('has the windows, the curve and the statistics of the walk-forward, and its runs', async () => {
    const store = newStore();
    const result = await walkForward({ ...options, threads: 0, store });
    const { trades, equity, ...rest } = result;
    const { equity: curve, ...told } = readWalkForward(store);
    expect(told).toEqual(rest);
    expect(curve.time).toEqual(equity.time);
    curve.equity.forEach((value, index) => {
      expect(Math.abs(value - (equity.equity[index] as number))).toBeLessThanOrEqual(0.005001);
    });
    using reader = openStoreReader(store);
    const ids = [...reader.read({ types: ['backtest.started'] })].map(({ aggregateId }) => aggregateId);
    const runs = ids.map((backtestId) => readBacktest(store, { backtestId }));
    expect(runs.flatMap((run) => run.trades.map(({ profit }) => profit))).toEqual(
      trades.map(({ profit }) => profit),
    );
    const page = readFileSync(await writeStoreReport(`${store}.html`, store), 'utf8');
    expect(page).toContain('"kind":"walk"');
    // Nothing but the store is different from one that is not stored.
    expect((await walkForward({ ...options, threads: 0 })).fingerprint).toBe(result.fingerprint);
    await expect(walkForward({ ...options, store })).rejects.toThrow(/holds events already/);
  });

  test('that was interrupted has the windows that were over, and none at all is said', async () => {
    const store = newStore();
    const controller = new AbortController();
    const onWindow = () => controller.abort();
    const { windows } = await walkForward({
      ...options,
      threads: 0,
      store,
      onWindow,
      signal: controller.signal,
    });
    expect(windows).toHaveLength(1);
    expect(readWalkForward(store)).toMatchObject({ windows, interrupted: true });
    const other = newStore();
    await storeBacktest(other, { candles, strategy: await loadStrategy('rsi') });
    expect(() => readWalkForward(other)).toThrow(/has no walk-forward/);
  });
});
