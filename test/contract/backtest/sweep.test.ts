import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DomainEvent, openEngine } from 'millrace';
import { type Grid, type SweepOptions, type SweepResult, sweep } from 'millrace/backtest';
import { InputError } from 'millrace/errors';
import { openStoreReader } from 'millrace/store';
import { BacktestStarted, BacktestStopped, backtestEvents } from 'millrace/trading';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { type Data, eventsOf, RSI, randomCandles } from '../../support/backtest/helpers.js';

// Engines are opened here, up to ten a test, beside all other test files.
vi.setConfig({ testTimeout: 240_000 });

const directory = mkdtempSync(join(tmpdir(), 'millrace-sweep-'));
afterAll(() => rmSync(directory, { recursive: true }));

const candles = randomCandles(21, 300);
const grid: Grid = { length: [2, 3, 5, 8], entry: [20, 30, 40], exit: [50, 60], stop: [0, 0.05] };
const RUNS = 48;

/** A sweep of the RSI strategy, unless it says another one. */
const runSweep = (options: Partial<SweepOptions>) => sweep({ candles, strategy: 'rsi', ...options });

let stores = 0;
const newStore = () => join(directory, `sweep-${++stores}.db`);

/** The whole sweep on the main thread, and the bytes of its store: run once, and copied by who needs one that is finished. */
let finished: Promise<{ readonly store: string; readonly result: SweepResult }> | undefined;

async function runOnce(): Promise<{ readonly store: string; readonly result: SweepResult }> {
  const store = newStore();
  return { store, result: await runSweep({ candles, grid, threads: 0, store }) };
}

async function finishedSweep(): Promise<{ readonly store: string; readonly result: SweepResult }> {
  finished ??= runOnce();
  const { store, result } = await finished;
  const copy = newStore();
  copyFileSync(store, copy);
  return { store: copy, result };
}

/** What must not depend on threads, interruptions or the clock. */
function essence({
  fingerprint,
  runs,
  finished,
  events,
  results,
  best,
  buyAndHold,
  countsByType,
  failures,
}: SweepResult) {
  return { fingerprint, runs, finished, events, results, best, buyAndHold, countsByType, failures };
}

function eventsIn(store: string, aggregateId?: string): DomainEvent[] {
  const reader = openStoreReader(store);
  try {
    return [...reader.read(aggregateId === undefined ? {} : { aggregateId })];
  } finally {
    reader.close();
  }
}

describe('a sweep', () => {
  test('is the same on the main thread, on threads and in memory', async () => {
    const { result: inline } = await finishedSweep();
    expect(inline).toMatchObject({
      runs: RUNS,
      finished: RUNS,
      resumed: false,
      interrupted: false,
      threads: 0,
    });
    expect(inline.best.length).toBe(10);
    for (const threads of [1, 2, 4]) {
      const result = await runSweep({ candles, grid, threads, store: newStore() });
      expect(result.threads).toBe(threads);
      expect(essence(result)).toEqual(essence(inline));
    }
    const memory = await runSweep({ candles, grid, threads: 1 });
    expect(memory.store).toBeNull();
    expect(essence(memory)).toEqual(essence(inline));
  });

  test('stores for each parameter set exactly what a plain backtest emits, in order', async () => {
    const store = newStore();
    const result = await runSweep({
      candles,
      grid,
      threads: 2,
      store,
      initialCapital: 5000,
      commission: 0.002,
    });
    expect(eventsIn(store).length).toBe(result.events);
    using reader = openStoreReader(store);
    expect(result.fingerprint).toBe(reader.fingerprint());
    for (const { backtestId, parameters } of result.best.slice(0, 5)) {
      const [started, ...emitted] = eventsIn(store, backtestId);
      const plain = eventsOf(candles, {
        strategy: RSI,
        symbol: 'candles',
        parameters,
        initialCapital: 5000,
        commission: 0.002,
      });
      expect(started?.data).toMatchObject({
        timeframe: '1d',
        initial_capital: 5000,
        start_date: candles.start,
      });
      const bare = (event: { type: string; data: unknown }) => {
        const { execution_duration_seconds: _, data_load_duration_ms: _ms, ...data } = event.data as Data;
        return { type: event.type, data };
      };
      expect(emitted.map(bare)).toEqual(plain.map(bare));
      expect(emitted.map((event) => event.occurredAt)).toEqual(
        plain.map((event) => event.options?.occurredAt),
      );
      expect(new Set(emitted.map((event) => event.metadata.causationId))).toEqual(new Set([started?.id]));
    }
  });

  test('the table is sorted by return, ties by id, and matches the log', async () => {
    const { results, countsByType, events } = (await finishedSweep()).result;
    const sorted = results?.toSorted(
      (a, b) => b.totalReturn - a.totalReturn || (a.backtestId < b.backtestId ? -1 : 1),
    );
    expect(results).toEqual(sorted);
    expect(results?.length).toBe(RUNS);
    expect(countsByType).toMatchObject({ 'backtest.started': RUNS, 'backtest.completed': RUNS });
    expect(Object.values(countsByType).reduce((sum, count) => sum + count)).toBe(events);
    expect(countsByType['backtest.position_closed']).toBe(results?.reduce((sum, row) => sum + row.trades, 0));
  });

  test('on a finished store repeats nothing and says the same', async () => {
    const { store, result: first } = await finishedSweep();
    const again = await runSweep({ candles, grid, threads: 2, store });
    expect(again).toMatchObject({ resumed: true, candleSteps: 0, eventsPerSecond: 0 });
    expect(essence(again)).toEqual(essence(first));
  });

  test('on a finished store that was given other events since counts all of them', async () => {
    const { store, result: first } = await finishedSweep();
    const { sweepId: seed } = first;
    const engine = await openEngine({
      events: backtestEvents,
      store,
      deterministic: true,
      seed,
      run: seed.slice(0, 8),
    });
    await engine.publish(
      BacktestStopped(
        { backtest_id: 'x', strategy_id: 'x', symbol: 'x', stop_reason: 'x', progress_when_stopped: 0 },
        { occurredAt: 0 },
      ),
    );
    const fingerprint = await engine.fingerprint();
    await engine.close();
    const again = await runSweep({ candles, grid, threads: 0, store });
    expect(again).toMatchObject({ fingerprint, events: first.events + 1, results: first.results });
    expect(again.countsByType).toEqual({ ...first.countsByType, 'backtest.stopped': 1 });
  });

  test.each([
    0, 2,
  ])('that was interrupted is finished later, without a trace (%d threads)', async (threads) => {
    const store = newStore();
    const { result: whole } = await finishedSweep();
    let result: SweepResult | undefined;
    let interruptions = 0;
    for (; result?.finished !== RUNS; interruptions++) {
      const controller = new AbortController();
      let began: number | undefined;
      const before: number = result?.finished ?? 0;
      result = await runSweep({
        candles,
        grid,
        threads,
        store,
        signal: controller.signal,
        onProgress: ({ finished }) => {
          began ??= finished;
          if (finished > began + 10) controller.abort();
        },
      });
      expect(result.finished).toBeGreaterThan(before);
      expect(result.interrupted).toBe(result.finished < RUNS);
      // What was published is finished, so nothing is left half done in the store.
      expect(result.countsByType['backtest.started']).toBe(result.finished);
      expect(eventsIn(store).length).toBe(result.events);
    }
    expect(interruptions).toBeGreaterThan(1);
    expect(essence(result)).toEqual(essence(whole));
  });

  test('with an aborted signal begins nothing', async () => {
    const result = await runSweep({ candles, grid, threads: 0, signal: AbortSignal.abort() });
    expect(result).toMatchObject({ finished: 0, events: 0, interrupted: true, best: [] });
  });

  test('reports progress up to the end', async () => {
    const seen: number[] = [];
    await runSweep({
      candles,
      grid,
      threads: 2,
      onProgress: ({ finished, runs }) => seen.push(finished, runs ?? -1),
    });
    expect(seen.slice(0, 2)).toEqual([0, RUNS]);
    expect(seen.slice(-2)).toEqual([RUNS, RUNS]);
  });
});

describe('a store that is not of this sweep', () => {
  test.each([
    ['other candles', { candles: randomCandles(22, 300) }],
    ['another grid', { grid: { ...grid, stop: [0] } }],
    ['another commission', { commission: 0 }],
    ['another capital', { initialCapital: 1 }],
    ['another symbol', { symbol: 'other' }],
  ])('%s: is refused and left as it was', async (_, change) => {
    const { store } = await finishedSweep();
    const bytes = readFileSync(store);
    const refused = runSweep({ candles, grid, threads: 0, store, ...change });
    await expect(refused).rejects.toThrow(InputError);
    await expect(refused).rejects.toThrow(/holds sweep [0-9a-f]{8}.*not sweep [0-9a-f]{8}/);
    expect(readFileSync(store).equals(bytes)).toBe(true);
  });

  test('a backtest that no sweep began', async () => {
    const store = newStore();
    const engine = await openEngine({ events: backtestEvents, store });
    const data = {
      backtest_id: 'b',
      strategy_id: 's',
      symbol: 'x',
      start_date: 0,
      end_date: 1,
      initial_capital: 1,
    };
    await engine.publish(BacktestStarted({ ...data, timeframe: '1d' }));
    await engine.close();
    await expect(runSweep({ candles, grid, store })).rejects.toThrow(/holds a backtest of no sweep \('b'\)/);
  });

  test('a file of another kind', async () => {
    const store = newStore();
    writeFileSync(store, 'no database'.repeat(1000));
    await expect(runSweep({ candles, grid, store })).rejects.toMatchObject({
      code: 'MILLRACE_STORE_FOREIGN',
    });
    await expect(runSweep({ candles, grid, store: directory })).rejects.toMatchObject({
      code: 'MILLRACE_STORE_PATH',
    });
  });
});
