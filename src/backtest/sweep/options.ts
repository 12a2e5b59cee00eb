import type { BrokerOptions } from '../broker/settings.js';
import type { Candles } from '../candles/candles.js';
import type { CandlesByMarket } from '../candles/markets.js';
import type { Overfitting } from '../figures/overfitting.js';
import type { BuyAndHold } from '../runs/buy-and-hold.js';
import type { FinerByMarket, FinerOption } from '../runs/finer-option.js';
import type { RecordingLevel } from '../runs/result.js';
import type { ParameterSet, SweepSpace } from './space.js';

/** One row of a sweep's table. Fractions, and null where undefined, as in `backtest.completed`. */
export interface SweepRow {
  readonly backtestId: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly totalReturn: number;
  readonly annualReturn: number | null;
  readonly sharpe: number | null;
  readonly sortino: number | null;
  readonly calmar: number | null;
  readonly maxDrawdown: number;
  readonly winRate: number | null;
  readonly profitFactor: number | null;
  readonly trades: number;
  readonly finalCapital: number;
}

/** What rows may be sorted by: the best first, null last, ties by id. */
export type SweepMetric =
  | 'totalReturn'
  | 'annualReturn'
  | 'sharpe'
  | 'sortino'
  | 'calmar'
  | 'maxDrawdown'
  | 'winRate'
  | 'profitFactor'
  | 'trades'
  | 'finalCapital';

/** How far a sweep has come. */
export interface SweepProgress {
  /** Completed or failed. */
  readonly finished: number;
  /** Null while a search has not said how many there are. */
  readonly runs: number | null;
  readonly failed: number;
  /** Null while it cannot be told. */
  readonly secondsLeft: number | null;
}

/** What became of one proposal of a search; null when the run failed, or its parameters are refused. */
export type SearchAnswer = SweepRow | null;

/**
 * Proposes runs and is told their results: an async generator that yields one parameter set, or several to be run side by
 * side, and gets as many answers, in the same order. Equal proposals give equal answers, however many threads there are.
 */
export type Search = () => AsyncGenerator<
  ParameterSet | readonly ParameterSet[],
  unknown,
  readonly SearchAnswer[]
>;

/** Options of `sweep`: what is run, over which candles, and where the events go. */
export interface SweepOptions extends BrokerOptions, SweepSpace {
  /** As for `runBacktest`: those of one market, or of several by their names. */
  readonly candles: Candles | CandlesByMarket;
  /** As for `runBacktest`: finer candles, or trades, that decide what comes first within a candle. */
  readonly finer?: FinerOption | FinerByMarket | undefined;
  /** Name of a shipped strategy, or the file of one: a path, or a URL such as `new URL('./mine.js', import.meta.url)`. */
  readonly strategy: string | URL;
  /** Proposes runs instead of `grid` and `list`. */
  readonly search?: Search;
  /** Name of what the candles are of. Default `candles`. Several markets have names, and no other. */
  readonly symbol?: string;
  /** Seed of `ctx.random()`, and of `random`. Default `millrace`. */
  readonly seed?: string;
  /** How much of each run becomes events. Default `trades`. */
  readonly level?: RecordingLevel;
  /** SQLite file for the events. Left out: they are kept in memory. */
  readonly store?: string;
  /** Worker threads, 0 to 256; 0 runs all on the main thread. Default: cores - 1, at least 1. */
  readonly threads?: number;
  /** Default `totalReturn`. */
  readonly sortBy?: SweepMetric;
  /** Rows of `best`, 1 to 10,000. Default 10. */
  readonly top?: number;
  /** Milliseconds that one run may take; then it fails, and no other. With 0 threads a loop without end is not ended. */
  readonly runBudgetMs?: number;
  /** Memory of a lane thread in MB; a run that needs more fails, and no other. At least 64. Buffers and typed arrays are not counted. Of no effect with 0 threads. Default: that of Node.js. */
  readonly runMemoryMb?: number;
  /** Aborted: no further run begins, those under way are finished, and `sweep` returns. */
  readonly signal?: AbortSignal;
  /** Called after each run, and at the beginning and end. What it throws ends the sweep; a promise is waited for. */
  readonly onProgress?: (progress: SweepProgress) => unknown;
  /** Called with each completed run of this call, in the order of their ends. As `onProgress` in everything else. */
  readonly onResult?: (row: SweepRow) => unknown;
}

/** A run that failed. */
export interface FailedRun {
  readonly backtestId: string;
  readonly error: string;
  readonly type: string;
}

/** What came of a sweep. */
export interface SweepResult {
  /** Of the whole log, in hex: equal for equal input and any number of threads. */
  readonly fingerprint: string;
  readonly sweepId: string;
  readonly strategy: string;
  readonly threads: number;
  /** Runs of the sweep. */
  readonly runs: number;
  /** Those of them that are completed or failed. */
  readonly finished: number;
  readonly failed: number;
  /** Parameter sets that the strategy refuses as a whole, and sets that a list or a search has once more. */
  readonly skipped: number;
  /** Whether the signal ended it before all were finished. */
  readonly interrupted: boolean;
  /** Whether the store already held a part of this sweep. */
  readonly resumed: boolean;
  /** Events in the log. */
  readonly events: number;
  /** Those added by this call, over `seconds`. */
  readonly eventsPerSecond: number;
  /** Candles times the runs finished by this call. */
  readonly candleSteps: number;
  readonly candleStepsPerSecond: number;
  /** From the first publish until all was in the log. */
  readonly seconds: number;
  readonly store: string | null;
  readonly sortBy: SweepMetric;
  /** The best completed runs. */
  readonly best: readonly SweepRow[];
  /** All completed runs, best first; null when there are more than 10,000: read them with `readSweep`. */
  readonly results: readonly SweepRow[] | null;
  /** The first ten that failed, by id. */
  readonly failures: readonly FailedRun[];
  /** Completed runs with a profit. */
  readonly profitable: number;
  /**
   * How likely the choice of the best run is to be one of chance. Null at the level `summary`, which has no curves; for more
   * than 1,000 runs, or one; and for candles that are too few.
   */
  readonly overfitting: Overfitting | null;
  /** SHA-256 of the candles, in hex. */
  readonly dataHash: string;
  readonly buyAndHold: BuyAndHold;
  readonly countsByType: Readonly<Record<string, number>>;
}
