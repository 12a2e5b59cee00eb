import { optionNames, takeOptions } from '../events/known-options.js';
import { ownFile } from '../events/own-files.js';
import { openEngine } from '../index.js';
import { SWEEP_BEST_ROWS } from '../limits.js';
import { BacktestCompleted, BacktestStarted, backtestEvents } from '../trading/index.js';
import { type BuyAndHold, buyAndHold } from './buy-and-hold.js';
import { type OpenedEngine, publishAhead } from './publish-ahead.js';
import { planSweep, type SweepInput, type SweepPlan } from './sweep-plan.js';
import { readResults, type SweepRow } from './sweep-results.js';
import { checkStarted, type StoredSweep, surveyStore } from './sweep-store.js';

/** How far a sweep has come. */
export interface SweepProgress {
  readonly finished: number;
  readonly runs: number;
}

export interface SweepOptions extends SweepInput {
  /** SQLite file for the events. Left out: they are kept in memory. */
  readonly store?: string;
  /** Worker threads, 0 to 256; 0 runs all on the main thread. Default: cores - 1, at least 1. */
  readonly threads?: number;
  /** Aborted: no further backtest begins, those under way are finished, and `runSweep` returns. */
  readonly signal?: AbortSignal;
  /** Called after each backtest, and at the end. */
  readonly onProgress?: (progress: SweepProgress) => void;
}

export interface SweepResult {
  /** Of the whole log, in hex: equal for equal input and any number of threads. */
  readonly fingerprint: string;
  readonly threads: number;
  /** Backtests of the sweep. */
  readonly runs: number;
  /** Those of them that are completed. */
  readonly finished: number;
  /** Whether the signal ended it before all were finished. */
  readonly interrupted: boolean;
  /** Whether the store already held a part of this sweep. */
  readonly resumed: boolean;
  /** Events in the log. */
  readonly events: number;
  /** Those added by this call, over `seconds`. */
  readonly eventsPerSecond: number;
  /** Candles times the backtests finished by this call. */
  readonly candleSteps: number;
  readonly candleStepsPerSecond: number;
  /** From the first publish until all was in the log. */
  readonly seconds: number;
  readonly store: string | null;
  /** All finished backtests, by total return from high to low, then by id. */
  readonly results: readonly SweepRow[];
  /** The first ten of them. */
  readonly best: readonly SweepRow[];
  readonly buyAndHold: BuyAndHold;
  readonly countsByType: Readonly<Record<string, number>>;
}

const SWEEP = optionNames<SweepOptions>('runSweep', {
  candles: true,
  grid: true,
  symbol: true,
  initialCapital: true,
  commission: true,
  store: true,
  threads: true,
  signal: true,
  onProgress: true,
});

/**
 * Runs one backtest per parameter set on the lanes of an engine of its own. The log is the result: what is
 * returned is read back from it. A store that already holds a part of the same sweep is completed, and nothing
 * in it is run again.
 *
 * @throws InvalidOptionError when an option is out of its range.
 * @throws InputError when the store holds another sweep, or events of something else. It is left as it was.
 * @throws HandlerError when a backtest failed; and what `openEngine` throws.
 */
export async function runSweep(given: SweepOptions): Promise<SweepResult> {
  const options = takeOptions(given, SWEEP);
  const plan = planSweep(options);
  const { candles, store, threads, signal } = options;
  // Before the engine opens: it begins at once with what is unfinished, and that must not be of another sweep.
  const before = surveyStore(store, plan);
  const engine = await openEngine({
    events: backtestEvents,
    handlers: [ownFile('src/backtest/sweep.handlers.js')],
    shared: { candles: candles.buffer, dataHash: plan.dataHash },
    deterministic: true,
    seed: plan.sweepId,
    run: plan.sweepId.slice(0, 8),
    // A backtest can be computed again, so a lane need not wait for the disk, nor the disk for the platter.
    dispatch: 'accepted',
    ...(store !== undefined && { store, durability: 'os' as const }),
    ...(threads !== undefined && { threads }),
  });
  try {
    const start = performance.now();
    await runMissing(engine, plan, before, options);
    const seconds = (performance.now() - start) / 1000;
    const log = await readResults(engine, plan);
    const finished = log.results.length;
    const candleSteps = (finished - before.finished) * candles.length;
    return {
      fingerprint: await engine.fingerprint(),
      threads: engine.stats().threads,
      runs: plan.runs.length,
      finished,
      interrupted: signal?.aborted === true && finished < plan.runs.length,
      resumed: before.events > 0,
      events: log.events,
      eventsPerSecond: rate(log.events - before.events, seconds),
      candleSteps,
      candleStepsPerSecond: rate(candleSteps, seconds),
      seconds,
      store: store ?? null,
      results: log.results,
      best: log.results.slice(0, SWEEP_BEST_ROWS),
      buyAndHold: buyAndHold(candles, plan.initialCapital, plan.commission),
      countsByType: log.countsByType,
    };
  } finally {
    await engine.close();
  }
}

function rate(count: number, seconds: number): number {
  return seconds > 0 ? Math.round(count / seconds) : 0;
}

/** Publishes what the log does not have yet, and waits until all of it is handled and in the log. */
async function runMissing(
  engine: OpenedEngine,
  plan: SweepPlan,
  before: StoredSweep,
  { onProgress, signal }: SweepOptions,
): Promise<void> {
  const runs = plan.runs.length;
  let finished = before.finished;
  onProgress?.({ finished, runs });
  engine.subscribe(BacktestCompleted, () => {
    finished = Math.min(finished + 1, runs);
    onProgress?.({ finished, runs });
  });
  const started = new Set<string>();
  for await (const event of engine.read({ types: [BacktestStarted.type] })) {
    checkStarted(event, plan, 'The store');
    started.add(event.aggregateId);
  }
  const missing = plan.runs.filter((run) => !started.has(run.backtestId)).map((run) => run.event);
  await publishAhead(engine, missing, signal);
  await engine.drain();
}
