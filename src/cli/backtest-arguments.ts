import { basename, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type BacktestOptions,
  type BrokerOptions,
  FILL_MODES,
  type FillMode,
  type Grid,
  loadFiner,
  RECORDING_LEVELS,
  type RecordingLevel,
  SHIPPED_STRATEGIES,
  SWEEP_METRICS,
  type SweepMetric,
} from '../backtest/index.js';
import { InputError } from '../faces/errors.js';
import { CANDLE_ARGUMENTS, type CandleArguments, candleOptions } from './candle-arguments.js';
import { oneOf, onlyFile, UsageError } from './command.js';

/** The options of `parseArgs` for commands that simulate. */
export const BACKTEST_ARGUMENTS = {
  input: { type: 'string' },
  strategy: { type: 'string' },
  symbol: { type: 'string' },
  capital: { type: 'string' },
  commission: { type: 'string' },
  slippage: { type: 'string' },
  spread: { type: 'string' },
  leverage: { type: 'string' },
  fill: { type: 'string' },
  seed: { type: 'string' },
  level: { type: 'string' },
} as const;

/** Those and what every such command takes besides: candles, parameters, and where the result goes. */
export const RUN_ARGUMENTS = {
  ...BACKTEST_ARGUMENTS,
  ...CANDLE_ARGUMENTS,
  finer: { type: 'string' },
  market: { type: 'string', multiple: true },
  param: { type: 'string', multiple: true },
  report: { type: 'string' },
  csv: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

/** What commands that run a grid take besides `RUN_ARGUMENTS`. */
export const GRID_ARGUMENTS = {
  grid: { type: 'string', multiple: true },
  sort: { type: 'string' },
  threads: { type: 'string' },
} as const;

/** Their lines of a command's help. */
export const BACKTEST_HELP = `  --finer FILE       finer candles of the same market, or its trades: they decide what comes first within a candle
  --strategy NAME    a shipped strategy, or the file of one of your own (default: rsi)
  --symbol NAME      what the candles are of (default: the file's name)
  --capital N        cash at the start (default: 10000)
  --commission PART  part of each fill's value (default: 0.001)
  --slippage PART    part of the price by which market and stop orders get worse (default: 0)
  --spread PART      ask minus bid as a part of the price (default: 0)
  --leverage N       how many times its equity the account may hold (default: 1)
  --fill MODE        next_open (default), next_close or this_close, which is optimistic
  --seed TEXT        seed of ctx.random() (default: millrace)
  --level LEVEL      full, trades (default) or summary: how much of each run becomes events. Of the last there is no report
                     of a run, but the ranking of a sweep and the windows of a walk-forward
`;

type Given = Readonly<Partial<Record<keyof typeof BACKTEST_ARGUMENTS, string>>>;

/** What the command line says about strategy and rules; a rule out of its range is found where it is used. */
export interface Simulation extends BrokerOptions {
  readonly symbol?: string;
  readonly seed?: string;
  readonly level?: RecordingLevel;
}

/** @throws UsageError for what is no number, and no level or fill mode. */
export function simulationOf(given: Given): Simulation {
  const { symbol, seed } = given;
  const level = oneOf<RecordingLevel>(given.level, '--level', RECORDING_LEVELS);
  const fill = oneOf<FillMode>(given.fill, '--fill', FILL_MODES);
  const numbers = {
    initialCapital: numberOf('capital', given.capital),
    commission: numberOf('commission', given.commission),
    slippage: numberOf('slippage', given.slippage),
    spread: numberOf('spread', given.spread),
    leverage: numberOf('leverage', given.leverage),
  };
  const all = { ...numbers, symbol, seed, level, fill };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Simulation;
}

/** What `--finer` names, as an option of a run; its files are read as those of the candles, but for form and length. */
export async function finerOf(
  values: CandleArguments & { readonly finer?: string },
): Promise<Pick<BacktestOptions, 'finer'>> {
  const { finer, format: _format, timeframe: _timeframe, ...rest } = values;
  if (finer === '') throw new UsageError('--finer is empty. Pass the path of a file.');
  return finer === undefined ? {} : { finer: await loadFiner(finer, candleOptions(rest)) };
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isNaN(value)) throw new UsageError(`--${name} is '${text}'; it must be a number.`);
  return value;
}

/** The file of candles: the one argument, or `--input`, or the sample of a development dependency. */
export function candleFile(
  positionals: readonly string[],
  input: string | undefined,
  command: string,
): string {
  if (input === '') throw new UsageError('--input is empty. Pass the path of a file.');
  if (input === undefined && positionals.length === 0) return sampleFile();
  if (input !== undefined && positionals.length > 0) {
    throw new UsageError(`'${command}' takes one file, and '${positionals[0]}' is a second one.`);
  }
  return input ?? onlyFile(positionals, command);
}

/** The candles that ship with a development dependency; a user's project need not have it. */
function sampleFile(): string {
  try {
    // The package exports its main module only; the data lies beside it.
    return fileURLToPath(new URL('../data/sp500-2000.csv', import.meta.resolve('vega-datasets')));
  } catch (error) {
    throw new InputError(
      "No candles: pass a file, or install the sample data with 'npm install --save-dev vega-datasets'.",
      { cause: error },
    );
  }
}

/** What rows are sorted by, when it is said. @throws UsageError */
export function metricOf(sort: string | undefined): SweepMetric | undefined {
  return oneOf(sort, '--sort', SWEEP_METRICS);
}

/** The file of a strategy of one's own; undefined for a shipped one. */
export function strategyFile(strategy: string | undefined): string | undefined {
  if (strategy === undefined || (SHIPPED_STRATEGIES as readonly string[]).includes(strategy))
    return undefined;
  if (!strategy.startsWith('file:')) return strategy;
  try {
    return fileURLToPath(strategy);
  } catch {
    // What is no URL of a file is said where the strategy is loaded.
    return undefined;
  }
}

export function symbolOf(file: string): string {
  return basename(file, extname(file));
}

/** `name=value` as given with `--param`. @throws UsageError */
export function parametersOf(texts: readonly string[] = []): Readonly<Record<string, unknown>> {
  const parameters: Record<string, unknown> = {};
  for (const text of texts) {
    const [name, value] = pairOf(text, '--param');
    if (Object.hasOwn(parameters, name)) throw new UsageError(`--param has '${name}' twice.`);
    parameters[name] = parsedValue(value);
  }
  return parameters;
}

/** `name=5:30:1` and `name=20,25,30`, as given with `--grid`. @throws UsageError */
function gridOf(texts: readonly string[] = []): Grid {
  const grid: Record<string, readonly unknown[]> = {};
  for (const text of texts) {
    const [name, values] = pairOf(text, '--grid');
    if (Object.hasOwn(grid, name)) throw new UsageError(`--grid has '${name}' twice.`);
    grid[name] = values.includes(':')
      ? rangeOf(name, values)
      : values.split(',').map((value) => parsedValue(value.trim()));
  }
  return grid;
}

/** The grid, with each `--param` as a parameter of one value. @throws UsageError also for a name in both. */
export function gridWith(grid: readonly string[] | undefined, param: readonly string[] | undefined): Grid {
  const given = gridOf(grid);
  const fixed = Object.entries(parametersOf(param)).map(([name, value]) => [name, [value]] as const);
  for (const [name] of fixed) {
    if (Object.hasOwn(given, name)) throw new UsageError(`'${name}' is in --grid and in --param.`);
  }
  return { ...given, ...Object.fromEntries(fixed) };
}

function pairOf(text: string, option: string): readonly [name: string, value: string] {
  const [, name, value] = /^([A-Za-z_]\w*)=(.+)$/s.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return [name, value];
  const form = option === '--grid' ? 'rsi=5:30:1 or entry=20,25,30' : 'rsi=14';
  throw new UsageError(`${option} is '${text}'; it must be a name and what it is, as ${form}.`);
}

function parsedValue(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return text !== '' && !Number.isNaN(Number(text)) ? Number(text) : text;
}

/** Values of one range; more would be a slip of the finger. */
const MAX_RANGE_VALUES = 1_000_000;

function rangeOf(name: string, text: string): readonly number[] {
  const [first = Number.NaN, last = Number.NaN, step = 1, ...more] = text
    .split(':')
    .map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (more.length > 0 || !(Number.isFinite(first) && last >= first && step > 0)) {
    throw new UsageError(`--grid ${name} is '${text}'; a range is FROM:TO or FROM:TO:STEP, as 5:30:1.`);
  }
  // Counted, not added up: ten times 0.1 is not 1.
  const count = Math.floor((last - first) / step + 1e-9) + 1;
  if (count > MAX_RANGE_VALUES)
    throw new UsageError(`--grid ${name} has ${count} values; the limit is ${MAX_RANGE_VALUES}.`);
  return Array.from({ length: count }, (_, index) => Number((first + index * step).toPrecision(12)));
}
