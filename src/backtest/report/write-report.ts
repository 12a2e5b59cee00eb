import { closeSync, openSync, readSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { optionNames, takeOptions } from '../../events/known-options.js';
import { ownFile } from '../../events/own-files.js';
import { InputError } from '../../faces/errors.js';
import { OutputFolder } from '../../files/output-folder.js';
import { GENERATOR, pageDocument } from '../../page/document.js';
import type { Candles } from '../candles/candles.js';
import type { StoredWalkForward } from '../stored/walk-log.js';
import type { SweepResult } from '../sweep/options.js';
import type { ReportPage } from './page-types.js';
import { runPage } from './run-page.js';
import type { ShownRun } from './shown-run.js';
import { REPORT_STYLE } from './style.js';
import { type SweepReport, sweepReportOf } from './sweep-input.js';
import { sweepPage } from './sweep-page.js';
import { walkPage } from './walk-page.js';

/** Options of `writeReport`. */
export interface ReportOptions {
  /**
   * Candles of the run or sweep: for the chart of the market, and for the overfitting test of a sweep. Without them the
   * report has none.
   */
  readonly candles?: Candles;
  /** Heading of the page. Default: the strategy and what it ran on, as far as the result says them. */
  readonly title?: string;
  /** Whether a file that is there and no report is replaced. Default false; an earlier report always is. */
  readonly force?: boolean;
}

const REPORT = optionNames<ReportOptions>('writeReport', {
  candles: true,
  title: true,
  force: true,
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
  const name = basename(path);
  if (name === '' || name === '.' || name === '..')
    throw new InputError(`'${path}' is no file. Name one, such as report.html.`);
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
    isOurs: (file) => file === name && isReport(path),
  });
  return folder.write(name, html);
}

function pageOf(
  result: ShownRun | SweepResult | SweepReport | StoredWalkForward,
  candles: Candles | undefined,
): ReportPage {
  if ('windows' in result) return walkPage(result);
  if ('rows' in result) return sweepPage(result);
  return 'sweepId' in result ? sweepPage(sweepReportOf(result, candles)) : runPage(result, candles);
}

const HEAD_BYTES = 512;

/** Whether a file is a report of ours, which may be replaced. */
function isReport(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    return head.toString('utf8', 0, readSync(file, head, 0, HEAD_BYTES, 0)).includes(GENERATOR);
  } finally {
    closeSync(file);
  }
}
