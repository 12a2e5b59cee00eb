import { extname } from 'node:path';
import { loadCandles, writeStoreReport } from '../backtest/index.js';
import { refuseInputs } from '../files/inputs.js';
import { metricOf } from './backtest-arguments.js';
import { CANDLE_ARGUMENTS, CANDLE_HELP, candleOptions } from './candle-arguments.js';
import { type Command, parseCommand, refuseIdle, UsageError } from './command.js';
import { print } from './output.js';
import { reportLine } from './report-file.js';

const help = `millrace report STORE [CANDLES] [options]

Writes the HTML report of the sweep, the walk-forward or the backtest in a store from its log alone: nothing is run again.
With the candles of the run its curve is computed for each of them; without, it is the one of the log, which has up to
1,025 of them. At the level 'summary' a log has neither curves nor trades: there is the ranking of a sweep.

  --run ID           the report of one run of a sweep: its id, or 'best'
  --sort METRIC      what --run best means: totalReturn (default), sharpe, sortino, calmar, maxDrawdown, profitFactor, …
  --out FILE         the HTML file (default: the store's name, ending in .html)
  --title TEXT       heading of the page
  --force            replace a file that is no report; a SQLite file, and the candles, never
${CANDLE_HELP}  --help             print this text

Exit codes: 0 finished, 1 failed, 2 wrong usage.
`;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand({
    args: [...args],
    allowPositionals: true,
    options: {
      ...CANDLE_ARGUMENTS,
      run: { type: 'string' },
      sort: { type: 'string' },
      out: { type: 'string' },
      title: { type: 'string' },
      force: { type: 'boolean', default: false },
    },
  });
  const [store, file, extra] = positionals;
  if (store === undefined || store === '') {
    throw new UsageError("'report' needs a store: millrace report STORE");
  }
  if (extra !== undefined) {
    throw new UsageError(`'report' takes a store and a file of candles, and '${extra}' is one more.`);
  }
  for (const name of ['run', 'out'] as const) {
    if (values[name] === '') throw new UsageError(`--${name} is empty.`);
  }
  const { run, out = besideStore(store), title, force, sort, ...reading } = values;
  const sortBy = metricOf(sort);
  if (run !== 'best') refuseIdle({ sort }, "says what '--run best' means, and has no effect without it");
  if (file === undefined)
    refuseIdle(reading, 'says how candles are read, and has no effect without a file of them');
  refuseInputs(
    [[values.out === undefined ? 'The report' : '--out', out]],
    [
      ['the store', store],
      ['the file of the candles', file],
    ],
  );
  const candles = file === undefined ? undefined : (await loadCandles(file, candleOptions(reading))).candles;
  const options = {
    force,
    ...(candles && { candles }),
    ...(run !== undefined && { run }),
    ...(sortBy !== undefined && { sortBy }),
    ...(title !== undefined && { title }),
  };
  await print(reportLine(await writeStoreReport(out, store, options)));
  return 0;
}

/** `runs/sweep.db` as `runs/sweep.html`. */
function besideStore(store: string): string {
  return `${store.slice(0, store.length - extname(store).length)}.html`;
}

export default { help, run } satisfies Command;
