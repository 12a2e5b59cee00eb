import { type BacktestResult, loadStrategy, runBacktest, storeBacktest } from '../backtest/index.js';
import { BACKTEST_HELP, finerOf, parametersOf, RUN_ARGUMENTS, simulationOf } from './backtest-arguments.js';
import { CANDLE_HELP } from './candle-arguments.js';
import { candleFilesOf, loadFiles, MARKET_HELP } from './candle-files.js';
import { checkStrategy } from './check-strategy.js';
import { type Command, parseCommand, refuseIdle, UsageError } from './command.js';
import { writeCsv } from './csv-file.js';
import { jsonLine, print } from './output.js';
import { checkReport, REPORT_HELP, reportLine, writeReportFile } from './report-file.js';
import { checkOutputs } from './run-outputs.js';
import { decimals, grouped, percentage, table } from './table.js';

const help = `millrace backtest [CANDLES] [options]

Runs one strategy with one set of parameters over a file of candles, and says what came of it.

  --param NAME=VALUE a parameter of the strategy; may be given many times
${MARKET_HELP}${BACKTEST_HELP}${CANDLE_HELP}  --check            test the strategy for look-ahead and for results that change, and print what was found
  --store FILE       write its events into a new SQLite file, of which millrace report tells later; not at the level
                     summary, of which nothing could be told
${REPORT_HELP}  --csv FILE         write the trades as CSV
  --json             print one JSON object: identity, statistics, trades, orders, fills
  --help             print this text

Exit codes: 0 finished, 1 failed (or --check found something), 2 wrong usage.
`;

async function run(args: readonly string[]): Promise<number> {
  const started = performance.now();
  const { values, positionals } = parseCommand({
    args: [...args],
    allowPositionals: true,
    options: {
      ...RUN_ARGUMENTS,
      check: { type: 'boolean', default: false },
      store: { type: 'string' },
    },
  });
  checkReport(values.report);
  if (values.store === '') throw new UsageError('--store is empty. Pass the path of a file.');
  const { store, level } = values;
  const simulation = simulationOf(values);
  if (store === undefined) refuseIdle({ level }, 'says what is stored, and has no effect without --store');
  const parameters = parametersOf(values.param);
  const files = candleFilesOf(positionals, values, 'backtest');
  checkOutputs(values, files);
  const strategy = await loadStrategy(values.strategy ?? 'rsi');
  const loaded = await loadFiles(files, values);
  const options = {
    ...loaded,
    ...simulation,
    ...(await finerOf(values)),
    strategy,
    parameters,
  };
  const result = store === undefined ? runBacktest(options) : await storeBacktest(store, options);
  if (values.csv !== undefined) await writeTrades(values.csv, result);
  const page = await writeReportFile(values.report, result, loaded.candles);
  const checks = values.check ? checkStrategy(options) : undefined;
  const totalSeconds = (performance.now() - started) / 1000;
  if (values.json) await print(`${jsonLine({ ...plain(result), checks, report: page, totalSeconds })}\n`);
  else await print(report(result, totalSeconds) + reportLine(page) + (checks ? `\n${checks.text}` : ''));
  return checks?.passed === false ? 1 : 0;
}

/** Without the curves: a value per candle is no reading matter. */
function plain({ equity: _, plots, benchmark, ...result }: BacktestResult) {
  return { ...result, plots: plots.map(({ name }) => name), benchmark: benchmark.statistics };
}

const TRADE_COLUMNS = [
  'number',
  'position',
  'side',
  'quantity',
  'entryTime',
  'entryPrice',
  'exitTime',
  'exitPrice',
  'profit',
  'profitFraction',
  'commission',
  'reason',
  'worst',
  'best',
  'tag',
] as const;

function writeTrades(path: string, { trades }: BacktestResult): Promise<void> {
  const time = (value: unknown) => new Date(value as number).toISOString();
  const has = (name: 'funding' | 'market') => trades.some((trade) => trade[name] !== undefined);
  const columns = [...TRADE_COLUMNS, ...(['funding', 'market'] as const).filter(has)];
  const rows = trades.map((trade) =>
    columns.map((column) => (column.endsWith('Time') ? time(trade[column]) : trade[column])),
  );
  return writeCsv(path, columns, rows);
}

function report(result: BacktestResult, seconds: number): string {
  const { identity, settings, statistics, tradeStatistics, benchmark } = result;
  const day = (time: number) => new Date(time).toISOString().slice(0, 10);
  const rejected = result.orders.filter(({ status }) => status === 'rejected').length;
  const row = (name: string, own: string, other = '') => [name, own, other];
  const rows = [
    row('final capital', decimals(result.finalCapital), decimals(benchmark.statistics.finalCapital)),
    row('return', percentage(statistics.totalReturn), percentage(benchmark.statistics.totalReturn)),
    row('per year', percentage(statistics.annualReturn), percentage(benchmark.statistics.annualReturn)),
    row('Sharpe', decimals(statistics.sharpe), decimals(benchmark.statistics.sharpe)),
    row('drawdown', percentage(statistics.maxDrawdown), percentage(benchmark.statistics.maxDrawdown)),
    row('trades', grouped(tradeStatistics.trades), grouped(identity.markets?.length ?? 1)),
    row('won', percentage(tradeStatistics.winRate)),
    row('profit factor', decimals(tradeStatistics.profitFactor)),
    row('exposure', percentage(result.exposure)),
    row('commission', decimals(result.commission)),
    ...(result.funding === null ? [] : [row('funding', decimals(result.funding))]),
    row('orders', `${grouped(result.orders.length)}${rejected > 0 ? `, ${rejected} rejected` : ''}`),
  ];
  const { taker, maker } = settings.commission;
  return `
${identity.strategyId} on ${identity.symbol}: ${grouped(identity.candles)} candles (${identity.timeframe}, ${day(identity.start)} to ${day(identity.end)})

${table(['<', identity.strategy, 'buy and hold'], rows)}

${marketLines(result)}${finerLine(result)}rules        fill ${settings.fill}, commission ${taker === maker ? taker : `${maker} maker, ${taker} taker`}, slippage ${settings.slippage.fraction}, spread ${settings.spread}, leverage ${settings.leverage}
identity     ${identity.backtestId}, data ${identity.dataHash.slice(0, 12)}, strategy ${identity.strategyHash.slice(0, 12)}, seed ${identity.seed}
fingerprint  ${result.fingerprint}
time         ${seconds.toFixed(2)} s in all
`;
}

/** What each of several markets brought. */
function marketLines({ identity, trades }: BacktestResult): string {
  if (identity.markets === undefined) return '';
  const rows = identity.markets.map(({ symbol, candles }) => {
    const own = trades.filter(({ market }) => market === symbol);
    const profit = own.reduce((sum, trade) => sum + trade.profit, 0);
    return [symbol, grouped(candles), grouped(own.length), decimals(profit)];
  });
  return `${table(['<market', 'candles', 'trades', 'profit'], rows)}\n\n`;
}

function finerLine({ finer }: BacktestResult): string {
  if (finer === null) return '';
  const { timeframe, covered, decided } = finer;
  return `finer        ${timeframe}, in ${grouped(covered)} candles; ${grouped(decided)} were decided by it\n`;
}

export default { help, run } satisfies Command;
