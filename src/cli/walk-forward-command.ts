import { type WalkForward, walkForward } from '../backtest/index.js';
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
import { candleFilesOf, loadFiles, MARKET_HELP } from './candle-files.js';
import { type Command, parseCommand, UsageError, wholeNumber } from './command.js';
import { writeCsv } from './csv-file.js';
import { Interrupts } from './interrupts.js';
import { complain, jsonLine, print } from './output.js';
import { checkReport, REPORT_HELP, reportLine, writeReportFile } from './report-file.js';
import { checkOutputs } from './run-outputs.js';
import { decimals, percentage, table } from './table.js';

const help = `millrace walk-forward [CANDLES] --grid NAME=VALUES [options]

Chooses parameters in one part of the candles, tries them in the part after it, and goes on: what a strategy would have
done with parameters that it could have known.

  --grid NAME=VALUES values of a parameter: 5:30:1 from, to and step, or 20,25,30; may be given many times
  --param NAME=VALUE a parameter that is the same in all runs; may be given many times
  --windows N        parts that are tried (default: 5)
  --train PART       part of a window in which parameters are chosen (default: 0.75)
  --anchored         all windows begin at the first candle
  --sort METRIC      what the best parameters are chosen by (default: totalReturn)
${MARKET_HELP}${BACKTEST_HELP}${CANDLE_HELP}  --threads N        worker threads, 0 to ${MAX_THREADS} (default: cores - 1)
  --store FILE       write the runs of the second parts into a new SQLite file, of which millrace report tells later
${REPORT_HELP}  --csv FILE         write the windows as CSV
  --json             print one JSON object
  --help             print this text

Exit codes: 0 finished, 1 failed (or ended before the last window), 2 wrong usage, 130 or 143 interrupted by SIGINT or
SIGTERM.
`;

async function run(args: readonly string[]): Promise<number> {
  const started = performance.now();
  const { values, positionals } = parseCommand({
    args: [...args],
    allowPositionals: true,
    options: {
      ...RUN_ARGUMENTS,
      ...GRID_ARGUMENTS,
      windows: { type: 'string' },
      train: { type: 'string' },
      anchored: { type: 'boolean', default: false },
      store: { type: 'string' },
    },
  });
  checkReport(values.report);
  if (values.store === '') throw new UsageError('--store is empty. Pass the path of a file.');
  if (values.grid === undefined) throw new UsageError("'walk-forward' needs a grid: --grid NAME=5:30:1.");
  const grid = gridWith(values.grid, values.param);
  const files = candleFilesOf(positionals, values, 'walk-forward');
  checkOutputs(values, files);
  const simulation = simulationOf(values);
  const sortBy = metricOf(values.sort);
  const loaded = await loadFiles(files, values);
  const { windows, train, threads, anchored } = values;
  using interrupts = new Interrupts(() =>
    complain('Finishing the backtests under way; Ctrl-C again to end at once.\n'),
  );
  const result = await walkForward({
    ...loaded,
    ...simulation,
    ...(await finerOf(values)),
    strategy: values.strategy ?? 'rsi',
    grid,
    anchored,
    signal: interrupts.signal,
    ...(values.store !== undefined && { store: values.store }),
    ...(sortBy !== undefined && { sortBy }),
    ...(train !== undefined && { trainShare: Number(train || Number.NaN) }),
    ...(windows !== undefined && { windows: wholeNumber(windows, '--windows', 1, 1000) }),
    ...(threads !== undefined && { threads: wholeNumber(threads, '--threads', 0, MAX_THREADS) }),
  });
  if (values.csv !== undefined) await writeCsv(values.csv, HEADINGS, result.windows.map(cells));
  const page =
    result.windows.length === 0 ? undefined : await writeReportFile(values.report, result, loaded.candles);
  const totalSeconds = (performance.now() - started) / 1000;
  const { equity: _, ...plain } = result;
  await print(
    values.json
      ? `${jsonLine({ ...plain, report: page, totalSeconds })}\n`
      : report(result, totalSeconds) + reportLine(page),
  );
  const { endedBy } = result;
  if (endedBy !== null) complain(`\n${result.windows.length} windows were tried. ${endedBy}\n`);
  return interrupts.code ?? (result.interrupted || endedBy !== null ? 1 : 0);
}

const HEADINGS = ['tried from', 'to', 'parameters', 'in sample', 'return', 'Sharpe', 'drawdown', 'trades'];

const day = (time: number) => new Date(time).toISOString().slice(0, 10);

function cells({
  testStart,
  testEnd,
  parameters,
  inSample,
  outOfSample,
}: WalkForward['windows'][number]): string[] {
  const { totalReturn, sharpe, maxDrawdown, trades } = outOfSample;
  return [
    day(testStart),
    day(testEnd),
    Object.entries(parameters)
      .map(([name, value]) => `${name}=${String(value)}`)
      .join(' '),
    percentage(inSample.totalReturn),
    percentage(totalReturn),
    decimals(sharpe),
    percentage(maxDrawdown),
    String(trades),
  ];
}

function report(result: WalkForward, seconds: number): string {
  const { windows, statistics, efficiency, trades } = result;
  const headings = HEADINGS.map((heading, index) => (index < 3 ? `<${heading}` : heading));
  return `
${table(headings, windows.map(cells))}

all parts    ${percentage(statistics.totalReturn)}, ${percentage(statistics.annualReturn)} per year, Sharpe ${decimals(statistics.sharpe)}, drawdown ${percentage(statistics.maxDrawdown)}, ${trades.length} trades
efficiency   ${decimals(efficiency)}: return out of the sample over that in it, per candle
fingerprint  ${result.fingerprint}
time         ${seconds.toFixed(2)} s in all
`;
}

export default { help, run } satisfies Command;
