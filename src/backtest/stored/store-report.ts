import { optionNames, takeOptions } from '../../events/known-options.js';
import { InputError, InvalidOptionError } from '../../faces/errors.js';
import { openStoreReader, type StoreReader } from '../../faces/store.js';
import { refuseInputs } from '../../files/inputs.js';
import { checkText, checkTextsIfAny } from '../given.js';
import { checkReportOptions, type ReportOptions, writeReport } from '../report/write-report.js';
import { takeCandlesIfAny } from '../runs/given-markets.js';
import type { SweepMetric, SweepRow } from '../sweep/options.js';
import { sweepRows } from '../sweep/read-sweep.js';
import { better, checkMetric } from '../sweep/results.js';
import { onlyBacktest, storedBacktest } from './read-backtest.js';
import { storedSweep } from './read-sweep-report.js';
import { storedWalk } from './stored-walk.js';

/** What a report that is made from a store shows. */
export interface StoreReportOptions extends ReportOptions {
  /** One run of a sweep instead of the sweep: its id, or `best`. */
  readonly run?: string;
  /** What `best` means, and only with it. Default `totalReturn`. */
  readonly sortBy?: SweepMetric;
}

const OPTIONS = optionNames<StoreReportOptions>('writeStoreReport', {
  run: true,
  sortBy: true,
  candles: true,
  title: true,
  force: 'boolean',
});

/**
 * Writes the report of what a store holds, a sweep, a walk-forward or one backtest, from its log alone: nothing is run.
 *
 * @param path the HTML file.
 * @returns its path, whole.
 * @throws InputError when the store has no such backtest, or the candles are others. OutputError for the file of the store. What `writeReport` and
 * `openStoreReader` throw. InvalidOptionError.
 */
export async function writeStoreReport(
  path: string,
  store: string,
  given: StoreReportOptions = {},
): Promise<string> {
  const { run, sortBy, ...options } = takeOptions(given, OPTIONS);
  checkText('writeStoreReport', 'path', path);
  checkTextsIfAny('writeStoreReport', { run });
  checkReportOptions('writeStoreReport', options);
  const metric = checkMetric(sortBy ?? 'totalReturn');
  if (sortBy !== undefined && run !== 'best') {
    throw new InvalidOptionError(
      "writeStoreReport: 'sortBy' says what run: 'best' means, and is of no use without it.",
    );
  }
  refuseInputs([['The report', path]], [['the store', store]]);
  using reader = openStoreReader(store);
  // A sweep may be going on: its runs, the fingerprint and the best of them must be of one moment.
  const result = reader.atOnce(() => storedResult(reader, run, metric, options.candles));
  return writeReport(path, result, options);
}

function storedResult(
  reader: StoreReader,
  run: string | undefined,
  metric: SweepMetric,
  given: ReportOptions['candles'],
) {
  const candles = takeCandlesIfAny('writeStoreReport', given);
  if (run === 'best') return storedBacktest(reader, bestOf(reader, metric), candles);
  if (run !== undefined) return storedBacktest(reader, run, candles);
  const walk = storedWalk(reader);
  if (walk !== undefined) return walk;
  const started = reader.summary().types.find(({ type }) => type === 'backtest.started')?.count ?? 0;
  return started === 1 ? storedBacktest(reader, onlyBacktest(reader), candles) : storedSweep(reader, candles);
}

function bestOf(reader: StoreReader, metric: SweepMetric): string {
  const order = better(metric);
  let best: SweepRow | undefined;
  for (const row of sweepRows(reader)) if (best === undefined || order(row, best) < 0) best = row;
  if (best === undefined) throw new InputError(`The store '${reader.path}' has no completed backtest.`);
  return best.backtestId;
}
