import { type SweepOptions, sweep } from 'millrace/backtest';
import { openStoreReader } from 'millrace/store';
import { describe, expect, test, vi } from 'vitest';
import { candlesOf, randomCandles } from '../../support/backtest/helpers.js';
import { tempStore } from '../../support/temp-folder.js';

// Threads are ended and made anew here, beside all other test files.
vi.setConfig({ testTimeout: 240_000 });

const candles = randomCandles(31, 200);
const strategy = new URL('../../fixtures/strategies/odd.strategy.mjs', import.meta.url);
const inMemory = (does: string, options: Partial<SweepOptions> = {}) =>
  sweep({ candles, strategy, list: [{ does, at: 5 }, ...sane], threads: 1, ...options });
const odd = (does: string, options: Partial<SweepOptions> = {}) =>
  inMemory(does, { store: tempStore(), ...options });

/** Runs beside the odd one, which nothing must happen to. */
const sane = Array.from({ length: 12 }, (_, index) => ({ at: 10 + index }));

describe('a run that fails is a failed run, and touches no other', () => {
  test.each([
    ['throws', 'MILLRACE_STRATEGY', /candle 5 .*I do not like this candle/],
    ['halves', 'MILLRACE_STRATEGY', /candle 5 .*half a character: \ufffd/],
    ['tags', 'MILLRACE_STRATEGY', /candle 5 .*'tag' must be a text without half characters/],
    ['dreams', 'MILLRACE_LOOK_AHEAD', /1 after the current one/],
  ])('whose strategy %s', async (does, type, message) => {
    const store = tempStore();
    const result = await odd(does, { store });
    expect(result).toMatchObject({ runs: 13, finished: 13, failed: 1, failures: [{ type }] });
    expect(result.failures[0]?.error).toMatch(message);
    expect(result.results?.length).toBe(12);
    const reader = openStoreReader(store);
    const events = [...reader.read({ aggregateId: result.failures[0]?.backtestId ?? '' })];
    reader.close();
    expect(events.at(-1)?.data).toMatchObject({
      failure_stage: 'signal_generation',
      partial_results: { candles: 5 },
    });
    expect((await odd(does, { threads: 0 })).fingerprint).toBe(result.fingerprint);
    expect((await inMemory(does)).fingerprint).toBe(result.fingerprint);
  });

  test.each(['trades', 'full'] as const)('whose numbers no log can keep, at the level %s', async (level) => {
    // All that was bought for next to nothing is worth more than a number can say.
    const prices = [1, 1, 1e-300, 1e-300, 1e-300, 1, 1, 1e300, 1e300, 1e300];
    const absurd = {
      candles: candlesOf(...prices.map((price) => [price, price, price, price] as const)),
      level,
    };
    const stored = await odd('exits', absurd);
    expect(stored.failures.length).toBeGreaterThan(0);
    const { failures, fingerprint, countsByType } = await inMemory('exits', absurd);
    expect({ failures, fingerprint, countsByType }).toEqual({
      failures: stored.failures,
      fingerprint: stored.fingerprint,
      countsByType: stored.countsByType,
    });
  });

  test('whose strategy loops without end, when there is a budget', async () => {
    // The others have it as well, and must not need it on a machine that does something else.
    const result = await odd('loops', { runBudgetMs: 2_000 });
    expect(result).toMatchObject({
      finished: 13,
      failed: 1,
      failures: [{ type: 'MILLRACE_HANDLER_TIMEOUT' }],
    });
    const again = await odd('loops', { runBudgetMs: 2_000, store: result.store as string });
    expect(again).toMatchObject({ finished: 13, failed: 1, resumed: true, candleSteps: 0 });
    expect(again.fingerprint).toBe(result.fingerprint);
  });

  test('is none because its thread had to load the strategy first, which is in no budget', async () => {
    const slow = new URL('../../fixtures/strategies/slow-to-load.strategy.mjs', import.meta.url);
    const result = await sweep({ candles, strategy: slow, list: sane, threads: 2, runBudgetMs: 100 });
    expect(result).toMatchObject({ finished: 12, failed: 0 });
  });

  test('whose strategy eats all memory, when there is a limit', async () => {
    const result = await odd('eats', { runMemoryMb: 64 });
    expect(result).toMatchObject({ finished: 13, failed: 1, failures: [{ type: 'MILLRACE_LANE_CRASHED' }] });
    expect(result.failures[0]?.error).toMatch(/runMemoryMb: 64; it counts the heap.*no Buffers/);
  });
});

describe('a strategy that cannot be swept', () => {
  const file = (name: string) => new URL(`../../fixtures/strategies/${name}`, import.meta.url);

  test.each([
    ['of an unknown name', 'rsy', /no strategy 'rsy'.*Did you mean 'rsi'/],
    ['whose URL has a host', 'file://host/rsi.js', /no URL of a module/],
    ['whose URL object has a host', new URL('file://host/rsi.js'), /no URL of a module/],
    ['whose file is missing', file('none.mjs'), /does not exist/],
    ['without a default export', file('no-default.mjs'), /has no default export/],
    ['that is a plain object', file('plain-object.mjs'), /defineStrategy did not make/],
    ['that fails to load', file('broken.mjs'), /failed to load: not today/],
  ])('%s', async (_, strategy, message) => {
    await expect(sweep({ candles, strategy, threads: 0 })).rejects.toMatchObject({ code: 'MILLRACE_INPUT' });
    await expect(sweep({ candles, strategy, threads: 0 })).rejects.toThrow(message);
  });

  test('that loads on the main thread alone', async () => {
    const alone = { candles, strategy: file('main-thread.strategy.mjs'), list: [{}] };
    await expect(sweep({ ...alone, threads: 0 })).resolves.toMatchObject({ finished: 1, failed: 0 });
    const onThread = sweep({ ...alone, threads: 1 });
    await expect(onThread).rejects.toMatchObject({ code: 'MILLRACE_INPUT' });
    await expect(onThread).rejects.toThrow(/main-thread.*failed to load: not on a thread/);
  });

  test.each<[string, Partial<SweepOptions>, RegExp]>([
    [
      'a parameter that it has not',
      { grid: { lenght: [1] } },
      /no parameter 'lenght'. It has: length, entry, exit, stop/,
    ],
    ['a value out of its range', { grid: { length: [14, 1] } }, /'length' has 1: .*>=2/],
    ['an empty axis', { grid: { stop: [] } }, /'stop' is empty/],
    ['a doubled value', { grid: { length: [5, 7, 5] } }, /'length' has 5 twice/],
    ['a list with a bad set', { list: [{ exit: 20 }] }, /exit must be above entry/],
    ['both a grid and a list', { grid: {}, list: [] }, /not both/],
    [
      'no metric of that name',
      { sortBy: 'luck' as never },
      /'sortBy' is 'luck'; it must be one of totalReturn/,
    ],
    [
      'a thousand million runs, near enough',
      { grid: { length: range(2, 1), entry: range(1, 0.04), exit: range(60, 0.03) } },
      /The grid has 970,299,000 runs.*--yes/,
    ],
  ])('refuses %s', async (_, options, message) => {
    await expect(sweep({ candles, strategy: 'rsi', threads: 0, ...options })).rejects.toThrow(message);
  });
});

/** 990 numbers. */
function range(from: number, step: number): number[] {
  return Array.from({ length: 990 }, (_, index) => from + index * step);
}
