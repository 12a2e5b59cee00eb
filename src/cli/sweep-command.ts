import {
  type BacktestOptions,
  type Grid,
  loadStrategy,
  SWEEP_METRICS,
  type SweepResult,
  sweep,
} from '../backtest/index.js';
import { makeFolder } from '../files/make-folder.js';
import { MAX_THREADS } from '../limits.js';
import {
  BACKTEST_HELP,
  finerOf,
  GRID_ARGUMENTS,
  gridWith,
  metricOf,
  RUN_ARGUMENTS,
  simulationOf,
} from './backtest-arguments.js';
import { CANDLE_HELP } from './candle-arguments.js';
import { candleFilesOf, clockOf, loadFiles, MARKET_HELP } from './candle-files.js';
import { checkStrategy } from './check-strategy.js';
import { type Command, parseCommand, shellQuote, UsageError, wholeNumber } from './command.js';
import { writeCsv } from './csv-file.js';
import { Interrupts } from './interrupts.js';
import { complain, jsonLine, print } from './output.js';
import { ProgressBar } from './progress-bar.js';
import { checkReport, REPORT_HELP, reportLine, writeReportFile } from './report-file.js';
import { checkOutputs } from './run-outputs.js';
import { sweepReport } from './sweep-report.js';

/** 5 × 4 × 4 × 3 = 240 parameter sets around Wilder's own 14, 30 and 70: the grid of `rsi` when none is given. */
const RSI_GRID: Grid = {
  length: [5, 7, 9, 14, 21],
  entry: [20, 25, 30, 35],
  exit: [50, 55, 60, 70],
  stop: [0, 0.05, 0.1],
};

const help = `millrace sweep [CANDLES] [options]

Backtests a strategy with many parameter sets, one event stream each, on worker threads. Every event is written to a
SQLite file. Run it again with the same --store to finish an interrupted sweep. Without a grid it sweeps RSI mean
reversion with 240 parameter sets; without candles over the S&P 500 (npm package vega-datasets).

  --grid NAME=VALUES values of a parameter: 5:30:1 from, to and step, or 20,25,30; may be given many times
  --param NAME=VALUE a parameter that is the same in all runs; may be given many times
  --random N         only so many combinations of the grid, drawn by chance from the seed
  --sort METRIC      totalReturn (default), sharpe, sortino, calmar, maxDrawdown, profitFactor, trades, …
  --top N            rows of the table (default: 10)
  --yes              run a grid of more than ten million runs
  --run-seconds N    a run that takes longer fails, and no other
${MARKET_HELP}${BACKTEST_HELP}${CANDLE_HELP}  --check            test the best run for look-ahead and for results that change
  --threads N        worker threads, 0 to ${MAX_THREADS}; 0 runs all on the main thread (default: cores - 1)
  --store FILE       SQLite file (default: a new one in runs/)
${REPORT_HELP}  --csv FILE         write all rows as CSV
  --json             print one JSON object instead of the report, with the rows of all runs
  --help             print this text

Exit codes: 0 finished, 1 failed (or all runs did, or --check found something), 2 wrong usage, 130 or
143 interrupted by SIGINT or SIGTERM.
`;

async function run(args: readonly string[]): Promise<number> {
  const started = performance.now();
  const { values, positionals, threads, grid, random, top, runBudgetMs, sortBy } = parse(args);
  const simulation = simulationOf(values);
  const files = candleFilesOf(positionals, values, 'sweep');
  checkOutputs(values, files);
  const loaded = await loadFiles(files, values);
  const finer = await finerOf(values);
  const store = values.store ?? newStore();
  const bar = new ProgressBar();
  using interrupts = new Interrupts(() => {
    bar.clear();
    complain('Finishing the backtests under way; Ctrl-C again to end at once.\n');
  });
  const strategy = values.strategy ?? 'rsi';
  const result = await sweep({
    ...loaded,
    ...simulation,
    ...finer,
    strategy,
    grid,
    store,
    signal: interrupts.signal,
    allowHuge: values.yes,
    onProgress: ({ finished, runs }) => bar.update(finished, runs ?? 0),
    ...(sortBy !== undefined && { sortBy }),
    ...(random !== undefined && { random }),
    ...(top !== undefined && { top }),
    ...(runBudgetMs !== undefined && { runBudgetMs }),
    ...(threads !== undefined && { threads }),
  }).finally(() => bar.clear());
  if (values.csv !== undefined) await writeRows(values.csv, result);
  const page =
    result.best.length === 0 ? undefined : await writeReportFile(values.report, result, loaded.candles);
  const options = {
    ...loaded,
    ...simulation,
    ...finer,
    strategy: await loadStrategy(strategy),
  };
  const checks = values.check ? checkBest(options, result) : undefined;
  const totalSeconds = (performance.now() - started) / 1000;
  const json = () => `${jsonLine({ ...result, checks, report: page, totalSeconds })}\n`;
  const text = () =>
    sweepReport(result, clockOf(loaded.candles), store, totalSeconds) +
    reportLine(page) +
    (checks?.text ?? '');
  await print(values.json ? json() : text());
  const none = whyNone(result);
  if (none !== undefined) complain(`\n${none}\n`);
  if (result.finished === result.runs) return none !== undefined || checks?.passed === false ? 1 : 0;
  complain(
    `\n${result.finished} of ${result.runs} backtests are finished. To do the rest:\n  ${resumeCommand(args, store)}\n`,
  );
  return interrupts.code ?? 1;
}

/** Why there is no result to show; undefined when there is one, or an interrupt is why. */
function whyNone({ best, runs, finished, failed, failures, skipped }: SweepResult): string | undefined {
  if (best.length > 0 || finished < runs) return undefined;
  const after = 'There is nothing to rank, to check or to report on.';
  if (runs === 0)
    return `Nothing was run: the strategy refuses all ${skipped} parameter sets as a whole. ${after}`;
  return `All ${failed} runs failed. The first of them: ${failures[0]?.error}\n${after}`;
}

function parse(args: readonly string[]) {
  const { values, positionals } = parseCommand({
    args: [...args],
    allowPositionals: true,
    options: {
      ...RUN_ARGUMENTS,
      ...GRID_ARGUMENTS,
      random: { type: 'string' },
      top: { type: 'string' },
      yes: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      'run-seconds': { type: 'string' },
      store: { type: 'string' },
    },
  });
  checkReport(values.report);
  if (values.store === '') throw new UsageError('--store is empty. Pass the path of a file.');
  const { random, top, threads, 'run-seconds': seconds } = values;
  const number = (text: string | undefined, option: string, least: number, most: number) =>
    text === undefined ? undefined : wholeNumber(text, option, least, most);
  const runSeconds = number(seconds, '--run-seconds', 1, 40_000);
  return {
    values,
    positionals,
    grid: wholeGrid(values),
    random: number(random, '--random', 1, 10_000_000),
    sortBy: metricOf(values.sort),
    top: number(top, '--top', 1, 10_000),
    threads: number(threads, '--threads', 0, MAX_THREADS),
    runBudgetMs: runSeconds === undefined ? undefined : runSeconds * 1000,
  };
}

/** The grid that is given, or for `rsi` its own. @throws UsageError */
function wholeGrid({
  grid,
  param,
  strategy = 'rsi',
}: {
  grid?: string[];
  param?: string[];
  strategy?: string;
}): Grid {
  const given = gridWith(grid, param);
  if (grid !== undefined) return given;
  if (strategy === 'rsi') return { ...RSI_GRID, ...given };
  throw new UsageError(
    `A sweep of '${strategy}' needs a grid: --grid NAME=5:30:1. For one run there is 'millrace backtest'.`,
  );
}

function checkBest(options: BacktestOptions, { best }: SweepResult) {
  const [first] = best;
  return first && checkStrategy({ ...options, parameters: first.parameters });
}

function newStore(): string {
  makeFolder('runs');
  const time = new Date().toISOString().replace(/[-:]/g, '').replace('.', '-');
  return `runs/sweep-${time}.db`;
}

/** The same words again, with the store if none was named. */
function resumeCommand(args: readonly string[], store: string): string {
  const named = args.some((word) => word === '--store' || word.startsWith('--store='));
  const words = ['npx', 'millrace', 'sweep', ...args, ...(named ? [] : ['--store', store])];
  return words.map(shellQuote).join(' ');
}

function writeRows(path: string, { results, best }: SweepResult): Promise<void> {
  const rows = results ?? best;
  const names = Object.keys(rows[0]?.parameters ?? {});
  return writeCsv(
    path,
    ['backtestId', ...names, ...SWEEP_METRICS],
    rows.map((row) => [
      row.backtestId,
      ...names.map((name) => row.parameters[name]),
      ...SWEEP_METRICS.map((column) => row[column]),
    ]),
  );
}

export default { help, run } satisfies Command;
