import * as backtest from 'millrace/backtest';
import { MillraceError } from 'millrace/errors';
import { traceChrome, traceTree } from 'millrace/observe';
import { diffProfiles, writeReport } from 'millrace/profile';
import { createPublisher } from 'millrace/publisher';
import { whenHandled, whenQuiescent } from 'millrace/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { randomCandles } from '../../support/backtest/helpers.js';
import { tempFolder } from '../../support/temp-folder.js';

vi.setConfig({ testTimeout: 60_000 });

type Call = (...given: unknown[]) => unknown;

/** Of one call of a generator what it gives first. */
async function outcomeOf(call: Call, given: readonly unknown[]): Promise<unknown> {
  try {
    const value = await call(...given);
    return typeof (value as Iterator<unknown> | undefined)?.next === 'function'
      ? (value as Iterator<unknown>).next()
      : value;
  } catch (error) {
    return error;
  }
}

const candles = randomCandles(3, 50);
const strategy = await backtest.loadStrategy('rsi');
const result = backtest.runBacktest({ candles, strategy });
const curve = [result.equity.time, result.equity.equity] as const;
// Where a file would be written if the call went through.
const file = `${tempFolder()}/none/out.html`;

/** What a call is given after the rubbish, so that nothing else is wrong with it. */
const REST: Readonly<Record<string, readonly unknown[]>> = {
  buyAndHold: [1000, 0],
  candlesFromTrades: ['1m'],
  drawdownsOf: [curve[1], 1000],
  equityStatistics: [curve[1], 1000],
  expectedBestSharpe: [1],
  probabilisticSharpe: [{ count: 10, skewness: 0, kurtosis: 3 }],
  resample: ['1w'],
  resultCsv: ['trades'],
  resultParquet: ['trades'],
  storeBacktest: [{ candles, strategy }],
  writeReport: [result],
  writeStoreReport: [`${file}.db`],
};

const here = process.cwd();
beforeAll(() => process.chdir(tempFolder()));
afterAll(() => process.chdir(here));

/** Calls for which a value of the list is none, and what they say to it. */
const DOCUMENTED: Readonly<Record<string, (given: unknown) => boolean>> = {
  // A path, and the store is written there.
  storeBacktest: (given) => given === 'x',
  // Takes nothing.
  abortOnInterrupt: () => true,
  writeReport: (given) => given === 'x',
  checkCandleOptions: (given) => isEmptyObject(given),
  expectedBestSharpe: (given) => given === 5,
  probabilisticSharpe: (given) => given === 5,
  // Of no run there is no probability.
  probabilityOfOverfitting: (given) => Array.isArray(given),
  // Of no trade all is null.
  tradeStatistics: (given) => Array.isArray(given),
};

const isEmptyObject = (given: unknown) =>
  typeof given === 'object' && given !== null && !Array.isArray(given);
const RUBBISH: readonly unknown[] = [
  undefined,
  null,
  5,
  'x',
  {},
  [],
  [null],
  [5],
  Number.NaN,
  '',
  true,
  Symbol('x'),
];
const isClass = (value: unknown) => /^class\b/.test(Function.prototype.toString.call(value));
const calls = Object.entries(backtest).filter(([, value]) => typeof value === 'function' && !isClass(value));

/** What is wrong with the outcome of a call, in words; undefined for a coded error. */
function faultOf(outcome: unknown, given: unknown): string | undefined {
  if (outcome instanceof MillraceError && /^MILLRACE_[A-Z_]+$/.test(outcome.code)) return undefined;
  return `${typeof given === 'symbol' ? 'a symbol' : JSON.stringify(given)}: ${String(outcome)}`;
}

describe('a call of millrace/backtest with rubbish is refused with a code, or does what is documented', () => {
  test.each(calls)('%s', async (name, call) => {
    const faults: string[] = [];
    for (const given of RUBBISH) {
      if (DOCUMENTED[name]?.(given) === true) continue;
      const fault = faultOf(await outcomeOf(call as Call, [given, ...(REST[name] ?? [])]), given);
      if (fault !== undefined) faults.push(fault);
    }
    expect(faults).toEqual([]);
  });
});

describe('what a second argument may not be is refused with a code', () => {
  const store = `${tempFolder()}/none.db`;
  test.each<[string, () => unknown]>([
    [
      'readBacktest with the path of candles',
      () => backtest.readBacktest(store, { candles: 'a.csv' as never }),
    ],
    ['readBacktest with a number for an id', () => backtest.readBacktest(store, { backtestId: 5 as never })],
    ['readSweepReport with no candles', () => backtest.readSweepReport(store, { candles: {} as never })],
    [
      'writeStoreReport with run NaN',
      () => backtest.writeStoreReport(file, store, { run: Number.NaN as never }),
    ],
    ['writeStoreReport with title 5', () => backtest.writeStoreReport(file, store, { title: 5 as never })],
    ['writeStoreReport with force 1', () => backtest.writeStoreReport(file, store, { force: 1 as never })],
    [
      'writeReport with the candles of a path',
      () => backtest.writeReport(file, result, { candles: 'a' as never }),
    ],
    ['writeReport of nothing', () => backtest.writeReport(file, undefined as never)],
    ['writeReport of a number', () => backtest.writeReport(file, 5 as never)],
    ['writeReport of an empty object', () => backtest.writeReport(file, {} as never)],
    ['writeReport of windows that are none', () => backtest.writeReport(file, { windows: 5 } as never)],
    ['writeReport of rows that are none', () => backtest.writeReport(file, { rows: 5 } as never)],
    ['writeReport of a sweep that is none', () => backtest.writeReport(file, { sweepId: 'x' } as never)],
    [
      'storeBacktest with an emit',
      () => backtest.storeBacktest(store, { candles, strategy, emit: 5 } as never),
    ],
    ['storeBacktest of nothing', () => backtest.storeBacktest(store, undefined as never)],
    [
      'runBacktest with an emit that is none',
      () => backtest.runBacktest({ candles, strategy, emit: 5 as never }),
    ],
    [
      'runBacktest with a budget of NaN',
      () => backtest.runBacktest({ candles, strategy, budgetMs: Number.NaN }),
    ],
    ['runBacktest with a symbol of 5', () => backtest.runBacktest({ candles, strategy, symbol: 5 as never })],
    ['a prefix of NaN candles', () => candles.prefix(Number.NaN)],
    ['resultCsv of a table that there is not', () => backtest.resultCsv(result, 'trade' as never)],
    ['onOneClock of a market that is none', () => backtest.onOneClock({ a: 5 as never })],
    ['monteCarlo with a block of trades', () => backtest.monteCarlo(result, { of: 'trades', block: 5 })],
    [
      'checkDeterminism with a store',
      () => backtest.checkDeterminism({ candles, strategy: 'rsi', store } as never),
    ],
    ['loadStrategy of a URL without a path', () => backtest.loadStrategy('file:///a%2Fb')],
    ['loadStrategy of what is no URL', () => backtest.loadStrategy('file://[')],
    [
      'sweep with a search and a grid',
      () =>
        backtest.sweep({ candles, strategy: 'rsi', search: async function* () {}, grid: { length: [5] } }),
    ],
    ['sweep with random and no grid', () => backtest.sweep({ candles, strategy: 'rsi', random: 5 })],
    ['parseCandles with a name of 5', () => backtest.parseCandles('time', 5 as never)],
    [
      'sweep with a level that there is not',
      () => backtest.sweep({ candles, strategy: 'rsi', level: 'sumary' as never }),
    ],
    [
      'walkForward with a level that there is not',
      () =>
        backtest.walkForward({ candles, strategy: 'rsi', grid: { length: [5] }, level: 'sumary' as never }),
    ],
  ])('%s', async (_, call) => {
    expect(await outcomeOf(call, [])).toBeInstanceOf(MillraceError);
  });
});

test.each<[string, (given: never) => unknown]>([
  ['traceTree', traceTree],
  ['traceChrome', traceChrome],
  ['whenQuiescent', whenQuiescent],
  ['whenHandled', (engine) => whenHandled(engine, 1)],
  ['diffProfiles', (before) => diffProfiles(before, file)],
  ['writeReport of a profile', writeReport],
  ['createPublisher', createPublisher],
])('%s refuses rubbish with a code', async (_, call) => {
  const faults: (string | undefined)[] = [];
  for (const given of RUBBISH) {
    const isNoStory = Array.isArray(given) && given.length === 0 && call.name.startsWith('trace');
    if (!isNoStory) faults.push(faultOf(await outcomeOf(call as Call, [given]), given));
  }
  expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
});
