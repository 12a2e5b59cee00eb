import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { optionNames, takeOptions } from '../../events/known-options.js';
import { ownFile } from '../../events/own-files.js';
import { InputError, OutputError } from '../../faces/errors.js';
import { OutputFolder } from '../../files/output-folder.js';
import { GENERATOR, pageDocument } from '../../page/document.js';
import type { Candles } from '../candles/candles.js';
import type { CandlesByMarket } from '../candles/markets.js';
import { checkObject, checkRows, checkText, checkTextsIfAny } from '../given.js';
import { asGiven, takeCandlesIfAny } from '../runs/given-markets.js';
import type { StoredWalkForward } from '../stored/stored-walk.js';
import type { SweepResult } from '../sweep/options.js';
import type { ReportPage } from './page-types.js';
import { runPage } from './run-page.js';
import { checkSameCandles } from './same-candles.js';
import type { ShownRun } from './shown-run.js';
import { REPORT_STYLE } from './style.js';
import { type SweepReport, sweepReportOf } from './sweep-input.js';
import { sweepPage } from './sweep-page.js';
import { walkPage } from './walk-page.js';

/** Options of `writeReport`. */
export interface ReportOptions {
  /**
   * Candles of the run or sweep, of several markets by their names: for the chart of the market, and for the overfitting test of a sweep. Without them the
   * report has none. A walk-forward and what `sweepReportOf` or `readSweepReport` returned show nothing of them: there they are
   * compared with those of the result alone.
   */
  readonly candles?: Candles | CandlesByMarket;
  /** Heading of the page. Default: the strategy and what it ran on, as far as the result says them. */
  readonly title?: string;
  /**
   * Whether a file that is there and no report is replaced. Default false; an earlier report always is, and a SQLite file,
   * such as a store, never.
   */
  readonly force?: boolean;
}

const REPORT = optionNames<ReportOptions>('writeReport', {
  candles: true,
  title: true,
  force: 'boolean',
});

/**
 * Writes the report of a backtest, a sweep or a walk-forward as one HTML file that opens from disk and asks nobody for anything:
 * identity and hashes, statistics beside the benchmark, charts, trades.
 *
 * @returns the file's path, whole.
 * @throws InputError when the candles are not those of the result. OutputError when the file cannot be written, or is
 * something else. InvalidOptionError.
 */
export async function writeReport(
  path: string,
  result: ShownRun | SweepResult | SweepReport | StoredWalkForward,
  options: ReportOptions = {},
): Promise<string> {
  const { candles, title, force = false } = takeOptions(options, REPORT);
  if (path !== '') checkText('writeReport', 'path', path);
  checkReportOptions('writeReport', options);
  const name = basename(path);
  if (name === '' || name === '.' || name === '..')
    throw new InputError(`'${path}' is no file. Name one, such as report.html.`);
  refuseDatabase(path);
  const page = pageOf(result, candles);
  const data = title === undefined ? page : { ...page, title };
  const html = await pageDocument({
    title: data.title,
    style: REPORT_STYLE,
    script: ownFile('src/backtest/report/page/main.js'),
    withoutScript: 'This report is drawn by its own script, which is switched off here.',
    data,
  });
  const folder = OutputFolder.open(dirname(path), {
    force,
    advice:
      "Name another file, or remove it; writeReport's 'force' and the --force of 'millrace report' replace it.",
    isOurs: (file) => file === name && isReport(path),
  });
  return folder.write(name, html);
}

function pageOf(
  result: ShownRun | SweepResult | SweepReport | StoredWalkForward,
  given: ReportOptions['candles'],
): ReportPage {
  const candles = takeCandlesIfAny('writeReport', given);
  checkObject('writeReport', 'result', result, 'that of a backtest, a sweep or a walk-forward');
  if ('windows' in result) return walkPage(result, candles);
  if ('rows' in result) {
    checkRows('writeReport', 'result.rows', result.rows);
    checkObject('writeReport', 'result.benchmark', result.benchmark, 'one, or empty');
    checkSameCandles(candles, result.dataHash);
    return sweepPage(result);
  }
  return 'sweepId' in result
    ? sweepPage(sweepReportOf(result, candles && asGiven(candles)))
    : runPage(result, candles);
}

/** @throws InvalidOptionError for options of a report that are of another type. */
export function checkReportOptions(of: string, { candles, title }: ReportOptions): void {
  takeCandlesIfAny(of, candles);
  checkTextsIfAny(of, { title });
}

const HEAD_BYTES = 512;

/** What every SQLite file begins with, and its write-ahead log. */
const DATABASES = [
  Buffer.from('SQLite format 3'),
  Buffer.from('377f0682', 'hex'),
  Buffer.from('377f0683', 'hex'),
];

/** A log cannot be computed again, so no `force` is meant for it. @throws OutputError */
function refuseDatabase(path: string): void {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return;
  const head = headOf(path);
  if (!DATABASES.some((mark) => head.subarray(0, mark.length).equals(mark))) return;
  throw new OutputError(
    `'${path}' is a SQLite file, such as a store, and no report replaces it. Name another file.`,
  );
}

/** Whether a file is a report of ours, which may be replaced. */
function isReport(path: string): boolean {
  return headOf(path).toString('utf8').includes(GENERATOR);
}

function headOf(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    return head.subarray(0, readSync(file, head, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(file);
  }
}
