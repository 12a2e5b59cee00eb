import { ANNUALISE_DAYS_MIN } from '../../limits.js';
import type { Candles } from '../candles/candles.js';
import type { CandlesByMarket } from '../candles/markets.js';
import { annualisationOf } from '../figures/annualisation.js';
import type { Overfitting } from '../figures/overfitting.js';
import { checkObject, checkRows } from '../given.js';
import { takeCandlesIfAny } from '../runs/given-markets.js';
import type { SweepResult } from '../sweep/options.js';
import { checkSameCandles } from './same-candles.js';

/** What the report takes of one run of a sweep. Fractions, and null where undefined. */
export interface SweepReportRow {
  /** Values by parameter; texts and booleans are shown, and compared as equal or not. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly totalReturn: number;
  readonly annualReturn: number | null;
  /** Annualised. */
  readonly sharpe: number | null;
  readonly maxDrawdown: number;
  readonly winRate: number | null;
  readonly profitFactor: number | null;
  readonly trades: number;
  readonly finalCapital: number;
}

/** What the report of a sweep is made from. */
export interface SweepReport {
  /** Of the strategy and what its candles are of, such as `rsi on sp500`. */
  readonly title: string;
  readonly rows: readonly SweepReportRow[];
  readonly benchmark: Readonly<Partial<Omit<SweepReportRow, 'parameters'>>>;
  /** Bars of each run, and bars of a year: what the overfitting test is computed from. Left out: it is not. */
  readonly bars?: number;
  readonly barsPerYear?: number | null;
  /** As `sweep` and `probabilityOfOverfitting` compute it. Left out or null: it is not shown. */
  readonly overfitting?: Overfitting | null;
  /** Skewness and kurtosis of the best run's returns per bar. Left out: those of a normal distribution. */
  readonly best?: { readonly skewness: number; readonly kurtosis: number };
  /** SHA-256 of the candles, in hex. Left out: `writeReport` cannot tell whether the candles that it is given are others. */
  readonly dataHash?: string;
  /** What else is worth knowing: hashes, versions, fingerprint, settings. */
  readonly facts?: Readonly<Record<string, string>>;
}

/**
 * What a report shows of a sweep's result: all its runs, or its best ones where it has more than it keeps.
 *
 * @param given the candles of the sweep: without them the overfitting test cannot be computed.
 * @throws InputError for other ones; InvalidOptionError for what are none.
 */
export function sweepReportOf(result: SweepResult, given?: Candles | CandlesByMarket): SweepReport {
  checkObject('sweepReportOf', 'result', result, 'what sweep returned');
  checkRows('sweepReportOf', 'result.best', result.best);
  const candles = takeCandlesIfAny('sweepReportOf', given);
  checkSameCandles(candles, result.dataHash);
  const { strategy, results, best, buyAndHold, fingerprint, sweepId, runs, failed, skipped } = result;
  const factor = candles && annualisationOf(candles.time, ANNUALISE_DAYS_MIN);
  return {
    title: `Sweep of ${strategy}`,
    rows: results ?? best,
    benchmark: buyAndHold,
    overfitting: result.overfitting,
    dataHash: result.dataHash,
    ...(candles && { bars: candles.length, barsPerYear: factor?.barsPerYear ?? null }),
    facts: {
      strategy,
      runs: `${runs}${failed > 0 ? `, ${failed} of them failed` : ''}${skipped > 0 ? `, ${skipped} sets refused by the strategy` : ''}${results === null ? `; the best ${best.length} are shown` : ''}`,
      sweep: sweepId,
      fingerprint,
      ...(candles && { 'hash of the candles': candles.hash() }),
    },
  };
}
