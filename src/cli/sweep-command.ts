import { basename, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TIME_UNITS } from '../backtest/epoch-column.js';
import { type CandleOptions, readCandles, runSweep, type TimeUnit } from '../backtest/index.js';
import { InputError } from '../faces/errors.js';
import { makeFolder } from '../files/make-folder.js';
import { MAX_THREADS } from '../limits.js';
import { type Command, parseCommand, shellQuote, UsageError, wholeNumber } from './command.js';
import { Interrupts } from './interrupts.js';
import { complain, jsonLine, print } from './output.js';
import { ProgressBar } from './progress-bar.js';
import { sweepReport } from './sweep-report.js';

const help = `millrace sweep [options]

Backtests an RSI mean-reversion strategy with 240 parameter sets, one event stream each, on worker threads.
Every event is written to a SQLite file. Run it again with the same --store to finish an interrupted sweep.

  --input FILE.csv   candles with a header: date (or time, timestamp), open, high, low, close, volume
                     (default: daily S&P 500 candles of the npm package vega-datasets, when it is installed)
  --time-unit UNIT   unit of numeric times: ${TIME_UNITS.join(', ')} (default: found out)
  --years FROM-TO    years in which numeric times may lie (default: 1970-2100)
  --threads N        worker threads, 0 to ${MAX_THREADS}; 0 runs all on the main thread (default: cores - 1)
  --store FILE       SQLite file (default: a new one in runs/)
  --json             print one JSON object instead of the report, with the results of all backtests
  --help             print this text

Exit codes: 0 finished, 1 failed, 2 wrong usage, 130 or 143 interrupted by SIGINT or SIGTERM.
`;

interface SweepArguments {
  readonly input?: string;
  readonly threads?: number;
  readonly store?: string;
  readonly json: boolean;
  readonly candles: CandleOptions;
}

async function run(args: readonly string[]): Promise<number> {
  const started = performance.now();
  const options = parse(args);
  const input = options.input ?? defaultInput();
  const candles = readCandles(input, options.candles);
  const store = options.store ?? newStore();
  const bar = new ProgressBar();
  using interrupts = new Interrupts(() => {
    bar.clear();
    complain('Finishing the backtests under way; Ctrl-C again to end at once.\n');
  });
  const result = await runSweep({
    candles,
    symbol: basename(input, extname(input)),
    store,
    signal: interrupts.signal,
    onProgress: ({ finished, runs }) => bar.update(finished, runs),
    ...(options.threads !== undefined && { threads: options.threads }),
  }).finally(() => bar.clear());
  const totalSeconds = (performance.now() - started) / 1000;
  await print(
    options.json
      ? `${jsonLine({ ...result, totalSeconds })}\n`
      : sweepReport(result, candles, store, totalSeconds),
  );
  if (result.finished === result.runs) return 0;
  complain(
    `\n${result.finished} of ${result.runs} backtests are finished. To do the rest:\n  ${resumeCommand(options, store)}\n`,
  );
  return interrupts.code ?? 1;
}

function parse(args: readonly string[]): SweepArguments {
  const { values } = parseCommand({
    args: [...args],
    options: {
      input: { type: 'string' },
      threads: { type: 'string' },
      store: { type: 'string' },
      'time-unit': { type: 'string' },
      years: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  for (const name of ['input', 'store'] as const) {
    if (values[name] === '') throw new UsageError(`--${name} is empty. Pass the path of a file.`);
  }
  const { threads, 'time-unit': timeUnit, years, ...others } = values;
  const rest = { ...others, candles: candleOptions(timeUnit, years) };
  return threads === undefined
    ? rest
    : { ...rest, threads: wholeNumber(threads, '--threads', 0, MAX_THREADS) };
}

/** @throws UsageError */
function candleOptions(timeUnit: string | undefined, years: string | undefined): CandleOptions {
  if (timeUnit !== undefined && !TIME_UNITS.includes(timeUnit as TimeUnit)) {
    throw new UsageError(`--time-unit is '${timeUnit}'; it must be one of ${TIME_UNITS.join(', ')}.`);
  }
  const [, first, last] = /^(\d{4})-(\d{4})$/.exec(years ?? '') ?? [];
  if (years !== undefined && !(Number(first) >= 1 && Number(first) <= Number(last))) {
    throw new UsageError(`--years is '${years}'; it must be the first and the last year, such as 1900-2100.`);
  }
  return {
    ...(timeUnit !== undefined && { timeUnit: timeUnit as TimeUnit }),
    ...(years !== undefined && { years: [Number(first), Number(last)] as const }),
  };
}

/** The candles that ship with a development dependency; a user's project need not have it. */
function defaultInput(): string {
  try {
    // The package exports its main module only; the data lies beside it.
    return fileURLToPath(new URL('../data/sp500-2000.csv', import.meta.resolve('vega-datasets')));
  } catch (error) {
    throw new InputError(
      "No candles: pass --input FILE.csv, or install the sample data with 'npm install --save-dev vega-datasets'.",
      { cause: error },
    );
  }
}

function newStore(): string {
  makeFolder('runs');
  const time = new Date().toISOString().replace(/[-:]/g, '').replace('.', '-');
  return `runs/sweep-${time}.db`;
}

function resumeCommand({ input, threads, json, candles }: SweepArguments, store: string): string {
  const words = ['npx', 'millrace', 'sweep', '--store', store];
  if (input !== undefined) words.push('--input', input);
  if (candles.timeUnit !== undefined) words.push('--time-unit', candles.timeUnit);
  if (candles.years !== undefined) words.push('--years', candles.years.join('-'));
  if (threads !== undefined) words.push('--threads', String(threads));
  if (json) words.push('--json');
  return words.map(shellQuote).join(' ');
}

export default { help, run } satisfies Command;
