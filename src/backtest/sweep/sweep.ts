import { optionNames, takeOptions } from '../../events/known-options.js';
import { HandlerModuleFailedError, InputError, InvalidOptionError } from '../../faces/errors.js';
import { openEngine } from '../../index.js';
import { SWEEP_BEST_ROWS } from '../../limits.js';
import { allTradingEvents } from '../../trading/index.js';
import { BROKER_NAMES } from '../broker/settings.js';
import { buyAndHold } from '../runs/buy-and-hold.js';
import { asGiven } from '../runs/given-markets.js';
import { SWEEP_LOG_BYTES, SWEEP_RESULT_ROWS } from '../runs/limits.js';
import { Conductor } from './conductor.js';
import { FollowedRuns, type OpenedEngine } from './followed-runs.js';
import { laneModule } from './lane-module.js';
import type { SweepOptions, SweepResult } from './options.js';
import { planSweep, type SweepPlan } from './plan-sweep.js';
import { checkMetric, SweepTally } from './results.js';
import { sharedMarkets } from './shared-markets.js';
import { surveyStore } from './store.js';
import type { SweepShared } from './sweep.handlers.js';

/** The options that a sweep takes. */
export const SWEEP_NAMES = {
  candles: true,
  finer: true,
  strategy: true,
  grid: true,
  random: true,
  list: true,
  allowHuge: 'boolean',
  search: 'function',
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
  onProgress: 'function',
  onResult: 'function',
  ...BROKER_NAMES,
} as const;

const SWEEP = optionNames<SweepOptions>('sweep', SWEEP_NAMES);

/** A lane that does not come back is ended so much later than its run should have noticed by itself. */
const BUDGET_SLACK = 2;

/**
 * Runs one backtest per parameter set on the lanes of an engine of its own. With a store all events of all runs are in it, and
 * what is returned is read back from there; without one they are made, counted and part of the fingerprint, and kept nowhere.
 * A store that already holds a part of the same sweep is completed, and nothing in it is run again.
 * A run whose strategy throws, takes too long or needs too much memory is a `backtest.failed`, and touches no other.
 *
 * @throws InvalidOptionError when an option, a parameter or the grid is out of its range.
 * @throws InputError when the strategy cannot be loaded, or the store holds another sweep or something else.
 */
export async function sweep(given: SweepOptions): Promise<SweepResult> {
  const options = takeOptions(given, SWEEP);
  const { sortBy, top } = checked(options);
  const plan = await planSweep(options);
  const { store, signal } = options;
  const { candles } = plan.market;
  // Before the engine opens: it begins at once with what is unfinished, and that must not be of another sweep.
  const before = surveyStore(store, plan);
  const engine = await openLanes(plan, options);
  try {
    const start = performance.now();
    const tally = new SweepTally(sortBy, top);
    const followed = new FollowedRuns(tally);
    if (store === undefined) followed.follow(engine);
    const conductor = new Conductor(engine, plan, before, options);
    const { skipped, runs } = await conductor.conduct();
    const seconds = (performance.now() - start) / 1000;
    if (store !== undefined) await followed.read(engine);
    // A file may have been given events of something else since, which nobody has counted.
    const isAll = store === undefined || tally.events === engine.stats().lastPosition;
    const log = (isAll ? tally : await readAll(engine, new SweepTally(sortBy, top))).read();
    const finished = log.completed + log.failed;
    const candleSteps = Math.max(0, finished - before.finished) * candles.length;
    const { initialCapital, commission } = plan.settings;
    return {
      fingerprint: isAll ? followed.fingerprint() : await engine.fingerprint(),
      sweepId: plan.sweepId,
      strategy: plan.strategy.name,
      threads: engine.stats().threads,
      runs,
      finished,
      failed: log.failed,
      skipped,
      interrupted: signal?.aborted === true && finished < runs,
      resumed: before.events > 0,
      events: log.events,
      eventsPerSecond: rate(log.events - before.events, seconds),
      candleSteps,
      candleStepsPerSecond: rate(candleSteps, seconds),
      seconds,
      store: store ?? null,
      sortBy,
      best: log.best,
      results: log.results,
      failures: log.failures,
      profitable: log.profitable,
      overfitting: log.overfitting,
      dataHash: plan.market.dataHash,
      buyAndHold: buyAndHold(asGiven(candles), initialCapital, commission),
      countsByType: log.countsByType,
    };
  } finally {
    await engine.close();
  }
}

/** @throws InputError when the strategy, which the main thread has loaded, cannot be loaded on a thread. */
async function openLanes(plan: SweepPlan, options: SweepOptions): Promise<OpenedEngine> {
  try {
    return await openEngine(engineOptions(plan, options));
  } catch (error) {
    throw error instanceof HandlerModuleFailedError && error.cause instanceof InputError
      ? error.cause
      : error;
  }
}

async function readAll(engine: OpenedEngine, tally: SweepTally): Promise<SweepTally> {
  for await (const event of engine.read()) tally.add(event);
  return tally;
}

function checked({ sortBy, top = SWEEP_BEST_ROWS, runBudgetMs, runMemoryMb }: SweepOptions) {
  if (!(Number.isInteger(top) && top >= 1 && top <= SWEEP_RESULT_ROWS)) {
    throw new InvalidOptionError(`top is ${top}; it must be a whole number from 1 to ${SWEEP_RESULT_ROWS}.`);
  }
  if (runBudgetMs !== undefined && !(runBudgetMs >= 1 && runBudgetMs <= 40_000_000)) {
    throw new InvalidOptionError(`runBudgetMs is ${runBudgetMs}; it must be a number from 1 to 40,000,000.`);
  }
  if (runMemoryMb !== undefined && !(Number.isInteger(runMemoryMb) && runMemoryMb >= 64)) {
    throw new InvalidOptionError(
      `runMemoryMb is ${runMemoryMb}; it must be a whole number from 64. It counts the heap of a thread, and no Buffers and typed arrays.`,
    );
  }
  return { sortBy: checkMetric(sortBy ?? 'totalReturn'), top };
}

function engineOptions(plan: SweepPlan, { store, threads, runBudgetMs, runMemoryMb }: SweepOptions) {
  const shared: SweepShared = {
    ...sharedMarkets(plan.market),
    runBudgetMs,
    isStored: store !== undefined,
  };
  return {
    events: allTradingEvents,
    handlers: [laneModule(plan.strategyUrl)],
    shared: { ...shared },
    deterministic: true,
    seed: plan.sweepId,
    run: plan.sweepId.slice(0, 8),
    // A backtest can be computed again, so a lane need not wait for the disk, nor the disk for the platter.
    dispatch: 'accepted' as const,
    // Made by this package from what it has checked itself: a thousand trades a run are not checked once more.
    validate: 'off' as const,
    // What is returned is taken from the events as they come: of a hundred thousand runs none need be kept.
    ...(store === undefined ? { memoryBytes: SWEEP_LOG_BYTES } : { store, durability: 'os' as const }),
    ...(threads !== undefined && { threads }),
    ...(runBudgetMs !== undefined && { handlerTimeoutMs: Math.ceil(runBudgetMs * BUDGET_SLACK) }),
    ...(runMemoryMb !== undefined && { resourceLimits: { maxOldGenerationSizeMb: runMemoryMb } }),
  };
}

function rate(count: number, seconds: number): number {
  return seconds > 0 ? Math.round(count / seconds) : 0;
}
