import type { TradeRow } from '../runs/result.js';
import type { Statistics } from '../statistics.js';
import type { SweepOptions, SweepRow } from './options.js';

/** Options of `walkForward`. */
export interface WalkForwardOptions
  extends Omit<SweepOptions, 'search' | 'list' | 'onResult' | 'onProgress'> {
  /**
   * A new SQLite file for the runs of the second parts, at the level, and of each window what it was chosen by: for
   * `millrace report` and `readWalkForward`. Left out: nothing is stored. The sweeps of the first parts are not. At the level
   * `summary` it has the windows and no run that could be told by itself.
   */
  readonly store?: string;
  /** Windows, 1 to 1,000. Default 5. */
  readonly windows?: number;
  /** Part of a window in which parameters are chosen, above 0 and below 1. Default 0.75. */
  readonly trainShare?: number;
  /** Whether all windows begin at the first candle, and so grow. Default false. */
  readonly anchored?: boolean;
  /** Called after each window. What it throws ends the walk; a promise is waited for. */
  readonly onWindow?: (window: WalkForwardWindow) => unknown;
}

/** Parameters that were the best in one part of the candles, and what they did in the part after it. */
export interface WalkForwardWindow {
  /** Times of the first and the last candle of both parts. */
  readonly trainStart: number;
  readonly trainEnd: number;
  readonly testStart: number;
  readonly testEnd: number;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Of the best run in the first part. */
  readonly inSample: SweepRow;
  /** Of the same parameters in the second. */
  readonly outOfSample: {
    readonly totalReturn: number;
    readonly sharpe: number | null;
    readonly maxDrawdown: number;
    readonly trades: number;
  };
}

/** What came of a walk-forward: each window, and the account through all of them. */
export interface WalkForward {
  /** Fewer than were asked for when the signal ended it (`interrupted`), or else for the reason in `endedBy`. */
  readonly windows: readonly WalkForwardWindow[];
  /** The account through all second parts, one after the other, each begun with what the one before ended with. */
  readonly equity: { readonly time: Float64Array; readonly equity: Float64Array };
  readonly statistics: Statistics;
  readonly trades: readonly TradeRow[];
  /** Return of all second parts per candle over that of the first parts; null when those made no profit. */
  readonly efficiency: number | null;
  /** Whether the signal ended it before the last window. */
  readonly interrupted: boolean;
  /**
   * Why there are fewer windows, in a sentence, when it was not the signal: all runs of a first part failed, or the run of a
   * second part, or the account is ruined. Else null.
   */
  readonly endedBy: string | null;
  /** SHA-256 of all candles, in hex. */
  readonly dataHash: string;
  /** SHA-256 of all sweeps' and runs' fingerprints, in hex. */
  readonly fingerprint: string;
}
