import { openEngine } from 'millrace';
import {
  abortOnInterrupt,
  checkDeterminism,
  compare,
  loadStrategy,
  monteCarlo,
  type ParameterSet,
  readSweep,
  runBacktest,
  type SearchAnswer,
  type SweepRow,
  sweep,
  walkForward,
} from 'millrace/backtest';
import { BacktestComparisonCompleted } from 'millrace/trading';
import { describe, expect, test, vi } from 'vitest';
import { randomCandles } from '../../support/backtest/helpers.js';
import { tempStore } from '../../support/temp-folder.js';

// Engines are opened here, several a test, beside all other test files.
vi.setConfig({ testTimeout: 240_000 });

const candles = randomCandles(51, 600);
const grid = { length: [3, 5, 8], entry: [30, 40], exit: [50, 60], stop: [0] };

const fail = () => {
  throw new Error('the disk of the caller is full');
};
const failAsync = async () => fail();
const failLater = async () => {
  await new Promise((resolve) => setTimeout(resolve, 50));
  fail();
};

test.each(['onResult', 'onProgress'] as const)('what %s throws ends the sweep', async (name) => {
  for (const failing of [fail, failAsync, failLater]) {
    await expect(sweep({ candles, strategy: 'rsi', grid, threads: 0, [name]: failing })).rejects.toThrow(
      'the disk of the caller is full',
    );
  }
});

test('what onWindow throws ends a walk-forward', async () => {
  for (const onWindow of [fail, failAsync, failLater]) {
    const options = { candles, strategy: 'rsi', grid, threads: 0, windows: 2 };
    await expect(walkForward({ ...options, onWindow })).rejects.toThrow('the disk of the caller is full');
  }
});

describe('walk-forward', () => {
  test('chooses in one part and tries in the next, and the account goes through all of them', async () => {
    const seen: unknown[] = [];
    const result = await walkForward({
      candles,
      strategy: 'rsi',
      grid,
      threads: 0,
      windows: 4,
      onWindow: (one) => seen.push(one),
    });
    expect(result.windows.length).toBe(4);
    expect(seen).toEqual(result.windows);
    for (const [index, window] of result.windows.entries()) {
      expect(window.testStart).toBeGreaterThan(window.trainEnd);
      expect(window.testStart).toBe(candles.time[candles.time.indexOf(window.trainEnd) + 1]);
      const next = result.windows[index + 1];
      if (next) expect(candles.time.indexOf(next.testStart)).toBe(candles.time.indexOf(window.testEnd) + 1);
      expect(window.inSample.parameters).toEqual(window.parameters);
    }
    expect(result.windows.at(-1)?.testEnd).toBe(candles.end);
    const product = result.windows.reduce(
      (value, { outOfSample }) => value * (1 + outOfSample.totalReturn),
      1,
    );
    expect(result.statistics.totalReturn).toBeCloseTo(product - 1, 9);
    expect(result.trades.every(({ entryTime }) => entryTime >= (result.windows[0]?.testStart ?? 0))).toBe(
      true,
    );
    const again = await walkForward({ candles, strategy: 'rsi', grid, threads: 2, windows: 4 });
    expect(again.fingerprint).toBe(result.fingerprint);
  });

  test('grows when it is anchored, ends when it is aborted, and refuses too few candles', async () => {
    const options = { candles, strategy: 'rsi', grid, threads: 0 };
    const anchored = await walkForward({ ...options, windows: 2, anchored: true });
    expect(anchored.windows.map(({ trainStart }) => trainStart)).toEqual([candles.start, candles.start]);
    const aborted = await walkForward({ ...options, signal: AbortSignal.abort() });
    expect(aborted).toMatchObject({ windows: [], interrupted: true });
    await expect(walkForward({ ...options, candles: candles.prefix(5) })).rejects.toThrow(
      /5 candles are too few/,
    );
    await expect(walkForward({ ...options, trainShare: 1 })).rejects.toThrow(/'trainShare' is 1/);
  });
});

describe('Monte Carlo', () => {
  const strategy = loadStrategy('rsi');

  test.each(['trades', 'returns'] as const)('draws %s anew, the same for the same seed', async (of) => {
    const result = runBacktest({ candles, strategy: await strategy, parameters: { length: 3 } });
    const first = monteCarlo(result, { of, runs: 200, seed: 'a' });
    expect(monteCarlo(result, { of, runs: 200, seed: 'a' })).toEqual(first);
    expect(monteCarlo(result, { of, runs: 200, seed: 'b' })).not.toEqual(first);
    const { p5, p25, p50, p75, p95 } = first.finalCapital;
    expect([p5, p25, p50, p75, p95]).toEqual([p5, p25, p50, p75, p95].toSorted((a, b) => a - b));
    expect(first.maxDrawdown.p95).toBeLessThanOrEqual(1);
    // One whole history of all returns, begun anywhere, ends where the backtest did.
    if (of === 'returns') {
      const whole = monteCarlo(result, { of, runs: 20, block: 1_000_000 });
      expect(whole.finalCapital.p5).toBeCloseTo(result.finalCapital, 6);
    }
  });

  test('refuses what it cannot draw', async () => {
    const quiet = runBacktest({ candles: candles.prefix(3), strategy: await strategy });
    expect(() => monteCarlo(quiet)).toThrow(/no trades to draw/);
    expect(() => monteCarlo(quiet, { runs: 0 })).toThrow(/'runs' is 0/);
  });
});

test('backtests of the same candles are compared, which is an event of its own', async () => {
  const results = await Promise.all(
    ['rsi', 'buy-and-hold', 'ma-cross'].map(async (name) =>
      runBacktest({ candles, strategy: await loadStrategy(name) }),
    ),
  );
  const { rows, event } = compare(results);
  expect(rows.map(({ totalReturn }) => totalReturn)).toEqual(
    rows.map((row) => row.totalReturn).toSorted((a, b) => b - a),
  );
  await using engine = await openEngine({ events: [BacktestComparisonCompleted], threads: 0 });
  expect(await engine.publish(event)).toMatchObject({ version: 1 });
  expect(() => compare(results.slice(0, 1))).toThrow(/two backtests or more/);
});

describe('determinism', () => {
  test('a sweep is the same in any order, on any number of threads', async () => {
    const check = await checkDeterminism({
      candles,
      strategy: 'breakout',
      grid: { length: [5, 10, 20], distance: [2, 3] },
    });
    expect(check).toMatchObject({ passed: true, sets: 6 });
    expect(check.runs.map(({ threads }) => threads)).toEqual([0, 1, 2, 4]);
  });

  test.each(['leaking', 'impure'])('a strategy that is %s is found', async (name) => {
    const strategy = new URL(`../../fixtures/strategies/${name}.strategy.mjs`, import.meta.url);
    const list = name === 'leaking' ? [0.1, 0.2, 0.3].map((size) => ({ size })) : [{ uses: 'its own copy' }];
    expect((await checkDeterminism({ candles, strategy, list })).passed).toBe(false);
  });
});

describe('a search', () => {
  /** Climbs along one parameter, a few at a time. */
  const climb = (told: (readonly SearchAnswer[])[]) =>
    async function* (): AsyncGenerator<readonly ParameterSet[], void, readonly SearchAnswer[]> {
      for (let length = 3; length < 12; length += 3) {
        told.push(yield [{ length }, { length: length + 1 }, { entry: 60, exit: 50 }]);
      }
    };

  test('is told the results of what it proposed, and goes on from a store without running anything again', async () => {
    const store = tempStore();
    const [first, second]: [(readonly SearchAnswer[])[], (readonly SearchAnswer[])[]] = [[], []];
    const result = await sweep({ candles, strategy: 'rsi', threads: 2, store, search: climb(first) });
    expect(result).toMatchObject({ runs: 6, finished: 6, skipped: 3 });
    expect(first.map((answers) => answers.map((row) => row?.parameters.length ?? null))).toEqual([
      [3, 4, null],
      [6, 7, null],
      [9, 10, null],
    ]);
    expect(result.best[0]).toEqual(
      first
        .flat()
        .filter((row): row is SweepRow => row !== null)
        .toSorted((a, b) => b.totalReturn - a.totalReturn)[0],
    );
    const again = await sweep({ candles, strategy: 'rsi', threads: 1, store, search: climb(second) });
    expect(again).toMatchObject({ resumed: true, candleSteps: 0, fingerprint: result.fingerprint });
    expect(second).toEqual(first);
  });
});

test('the rows of a store can be read one after the other, and are those of the result', async () => {
  const store = tempStore();
  const { results } = await sweep({ candles, strategy: 'rsi', grid, store, threads: 2 });
  const byId = (rows: readonly SweepRow[]) => rows.toSorted((a, b) => (a.backtestId < b.backtestId ? -1 : 1));
  expect(byId([...readSweep(store)])).toEqual(byId(results ?? []));
});

test('Ctrl-C aborts a sweep once, and ends the process again when that is disposed of', () => {
  const before = process.listenerCount('SIGINT');
  {
    using interrupt = abortOnInterrupt();
    expect(process.listenerCount('SIGINT')).toBe(before + 1);
    process.emit('SIGINT');
    expect(interrupt.signal.aborted).toBe(true);
    expect(process.listenerCount('SIGINT')).toBe(before);
  }
  {
    using interrupt = abortOnInterrupt();
    expect(interrupt.signal.aborted).toBe(false);
  }
  expect(process.listenerCount('SIGTERM')).toBe(process.listenerCount('SIGINT'));
  expect(process.listenerCount('SIGINT')).toBe(before);
});

test('a set that a list has twice is run once', async () => {
  const list = [{ length: 5 }, {}, { length: 5 }];
  const result = await sweep({ candles, strategy: 'rsi', list, threads: 0, level: 'summary' });
  expect(result).toMatchObject({ runs: 2, finished: 2, skipped: 1 });
});

test('draws of a grid are the same for the same seed, and none is drawn twice', async () => {
  const draw = async (seed: string) => {
    const { results } = await sweep({
      candles,
      strategy: 'rsi',
      grid,
      random: 5,
      seed,
      threads: 0,
      level: 'summary',
    });
    return results?.map(({ parameters }) => JSON.stringify(parameters)).toSorted();
  };
  const first = await draw('a');
  expect(new Set(first).size).toBe(5);
  expect(await draw('a')).toEqual(first);
  expect(await draw('c')).not.toEqual(first);
});
