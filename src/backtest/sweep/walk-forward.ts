import { optionNames, takeOptions } from '../../events/known-options.js';
import { InvalidOptionError } from '../../faces/errors.js';
import { BROKER_NAMES, brokerSettings } from '../broker/settings.js';
import { StrategyMistakeError } from '../broker/strategy-mistake.js';
import type { Candles } from '../candles/candles.js';
import type { Markets } from '../candles/markets.js';
import { checkLevel } from '../given.js';
import { asGiven, takeMarkets } from '../runs/given-markets.js';
import { sha256 } from '../runs/plan.js';
import type { BacktestResult } from '../runs/result.js';
import { runBacktest } from '../runs/run-backtest.js';
import { windowOf } from '../runs/window.js';
import { equityStatistics } from '../statistics.js';
import { checkEmpty, refuseSeveral } from '../stored/store-backtest.js';
import { loadStrategy } from '../strategies/load.js';
import type { SweepResult, SweepRow } from './options.js';
import { sweep } from './sweep.js';
import type { WalkForward, WalkForwardOptions, WalkForwardWindow } from './walk-forward-types.js';
import { WalkLog } from './walk-log.js';

const WALK_FORWARD = optionNames<WalkForwardOptions>('walkForward', {
  candles: true,
  finer: true,
  strategy: true,
  grid: true,
  random: true,
  allowHuge: 'boolean',
  symbol: true,
  seed: true,
  level: true,
  store: true,
  threads: true,
  sortBy: true,
  top: true,
  runBudgetMs: true,
  runMemoryMb: true,
  signal: true,
  windows: true,
  trainShare: true,
  anchored: 'boolean',
  onWindow: 'function',
  ...BROKER_NAMES,
});

/**
 * Chooses parameters on a part of the candles, tries them on the part after it, and goes on: what a strategy would have
 * done with parameters that it could have known. Indicators are warm when a second part begins.
 *
 * When nothing can be chosen in a first part, or a second part fails, it ends there, and `endedBy` says why.
 *
 * @throws InvalidOptionError when the candles are too few for the windows; what `sweep` throws.
 */
export async function walkForward(given: WalkForwardOptions): Promise<WalkForward> {
  const taken = takeOptions(given, WALK_FORWARD);
  const { windows = 5, trainShare = 0.75, anchored = false, onWindow, store, ...options } = taken;
  const { signal } = options;
  const { candles, symbol, finer } = takeMarkets('walkForward', options);
  if (store !== undefined) refuseSeveral('walkForward with a store', candles);
  checkLevel(options.level ?? 'trades');
  const { train, test } = partsOf(candles.length, windows, trainShare);
  const strategy = await loadStrategy(options.strategy);
  if (store !== undefined) checkEmpty(store);
  const dataHash = candles.hash();
  const log = new WalkLog(store, dataHash);
  const done: WalkForwardWindow[] = [];
  const tested: BacktestResult[] = [];
  const prints: string[] = [];
  let capital = brokerSettings(options).initialCapital;
  let endedBy: string | null = null;
  for (let window = 0; window < windows && signal?.aborted !== true; window++) {
    const middle = train + window * test;
    const from = anchored ? 0 : middle - train;
    const to = window === windows - 1 ? candles.length : middle + test;
    const part = (start: number, end: number) => ({
      candles: asGiven(windowOf(candles, start, end)),
      symbol,
      finer,
    });
    const learned = await sweep({ ...options, ...part(from, middle) });
    const [best] = learned.best;
    if (learned.interrupted) break;
    if (best === undefined) {
      endedBy = noneBest(window, learned);
      break;
    }
    const rules = { ...rulesOf(options), initialCapital: capital, ...part(from, to) };
    const planned = { ...rules, strategy, parameters: best.parameters, tradeFrom: middle - from };
    const run = tried(() => runBacktest({ ...planned, ...log.emit }));
    if (typeof run === 'string') {
      endedBy = `The second part of window ${window + 1} failed: ${run}`;
      break;
    }
    capital = run.finalCapital;
    tested.push(run);
    prints.push(learned.fingerprint, run.fingerprint);
    const result = windowResult(candles, [from, middle, to], best, run);
    done.push(result);
    await log.window(planned, { window: result, best: learned.best, run });
    await onWindow?.(result);
    if (capital > 0) continue;
    if (done.length < windows) endedBy = `The account is ruined after window ${window + 1}.`;
    break;
  }
  const interrupted = done.length < windows && endedBy === null;
  const result = { ...summary(candles, done, tested, prints, train, dataHash), interrupted, endedBy };
  await log.end(result);
  return result;
}

/** Why nothing can be chosen in a first part. */
function noneBest(window: number, { failed, failures, runs, skipped }: SweepResult): string {
  const part = `the first part of window ${window + 1}`;
  const [first] = failures;
  if (runs === 0)
    return `Nothing was run in ${part}: the strategy refuses all ${skipped} parameter sets as a whole.`;
  return `All ${failed} runs of ${part} failed. The first of them: ${first?.error}`;
}

/** The run, or why its strategy, or its budget, ended it. */
function tried(run: () => BacktestResult): BacktestResult | string {
  try {
    return run();
  } catch (error) {
    if (error instanceof StrategyMistakeError) return error.message;
    throw error;
  }
}

/** As many candles for each second part as there are, and those before the first one. */
function partsOf(length: number, windows: number, trainShare: number) {
  if (!(Number.isInteger(windows) && windows >= 1 && windows <= 1000)) {
    throw new InvalidOptionError(
      `walkForward: 'windows' is ${windows}; it must be a whole number from 1 to 1,000.`,
    );
  }
  if (!(trainShare > 0 && trainShare < 1)) {
    throw new InvalidOptionError(
      `walkForward: 'trainShare' is ${trainShare}; it must be a fraction above 0 and below 1.`,
    );
  }
  const test = Math.floor(length / (windows + trainShare / (1 - trainShare)));
  const train = length - windows * test;
  if (test < 2 || train < 2) {
    throw new InvalidOptionError(`walkForward: ${length} candles are too few for ${windows} windows.`);
  }
  return { train, test };
}

/** What a plain run takes of a sweep's options. */
function rulesOf(options: Omit<WalkForwardOptions, 'onWindow'>) {
  const {
    grid: _grid,
    random: _random,
    allowHuge: _allowHuge,
    strategy: _strategy,
    threads: _threads,
    sortBy: _sortBy,
    top: _top,
    runBudgetMs,
    runMemoryMb: _memory,
    signal: _signal,
    windows: _windows,
    trainShare: _share,
    anchored: _anchored,
    ...rules
  } = options;
  return { ...rules, ...(runBudgetMs !== undefined && { budgetMs: runBudgetMs }) };
}

function windowResult(
  candles: Candles | Markets,
  [from, middle, to]: readonly [number, number, number],
  best: SweepRow,
  run: BacktestResult,
): WalkForwardWindow {
  const time = (index: number) => candles.time[index] as number;
  const tail = run.equity.equity.subarray(middle - from);
  const curve = equityStatistics(run.equity.time.subarray(middle - from), tail, run.settings.initialCapital);
  const { totalReturn, sharpe, maxDrawdown } = curve;
  return {
    trainStart: time(from),
    trainEnd: time(middle - 1),
    testStart: time(middle),
    testEnd: time(to - 1),
    parameters: best.parameters,
    inSample: best,
    outOfSample: { totalReturn, sharpe, maxDrawdown, trades: run.trades.length },
  };
}

function summary(
  candles: Candles | Markets,
  windows: readonly WalkForwardWindow[],
  tested: readonly BacktestResult[],
  prints: readonly string[],
  train: number,
  dataHash: string,
): Omit<WalkForward, 'interrupted' | 'endedBy'> {
  const parts = tested.map(({ equity }, index) => {
    const from = equity.time.indexOf((windows[index] as WalkForwardWindow).testStart);
    return { time: equity.time.subarray(from), equity: equity.equity.subarray(from) };
  });
  const [first] = tested;
  const initial = first?.settings.initialCapital ?? 1;
  const time = Float64Array.from(parts.flatMap((part) => [...part.time]));
  const equity = Float64Array.from(parts.flatMap((part) => [...part.equity]));
  const empty = equity.length === 0;
  const curve = empty
    ? { time: candles.time.subarray(0, 1), equity: Float64Array.of(initial) }
    : { time, equity };
  const learned =
    windows.reduce((sum, { inSample }) => sum + inSample.totalReturn / train, 0) /
    Math.max(1, windows.length);
  const earned = empty ? 0 : ((equity.at(-1) as number) / initial - 1) / equity.length;
  return {
    windows,
    equity: curve,
    statistics: equityStatistics(curve.time, curve.equity, initial),
    trades: tested.flatMap(({ trades }) => trades),
    efficiency: learned > 0 ? earned / learned : null,
    dataHash,
    fingerprint: sha256(JSON.stringify(prints)),
  };
}
