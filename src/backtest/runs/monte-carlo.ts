import { knownOptions, optionNames } from '../../events/known-options.js';
import { InvalidOptionError } from '../../faces/errors.js';
import { checkResult, oneOf } from '../given.js';
import { seededNumbers } from './random.js';
import type { BacktestResult } from './result.js';

/** Options of `monteCarlo`. */
export interface MonteCarloOptions {
  /** Histories that are made, 1 to 1,000,000. Default 1,000. */
  readonly runs?: number;
  /** What is drawn, with putting back: whole trades (default), or blocks of the returns from close to close. */
  readonly of?: 'trades' | 'returns';
  /** Returns of one block, which keeps what hangs together; only with `of: 'returns'`. Default 20. */
  readonly block?: number;
  /** Default `millrace`. */
  readonly seed?: string;
}

/** Values below which 5, 25, 50, 75 and 95 percent of the histories lie. */
export interface Percentiles {
  readonly p5: number;
  readonly p25: number;
  readonly p50: number;
  readonly p75: number;
  readonly p95: number;
}

/** What else might have come of the same trades, or of the same returns, in another order and mixture. */
export interface MonteCarlo {
  readonly runs: number;
  readonly of: 'trades' | 'returns';
  readonly finalCapital: Percentiles;
  /** Fractions of the peak. */
  readonly maxDrawdown: Percentiles;
  /** Fraction of the histories that end below the initial capital. */
  readonly probabilityOfLoss: number;
}

const OPTIONS = optionNames<MonteCarloOptions>('monteCarlo', {
  runs: true,
  of: true,
  block: true,
  seed: true,
});

/** Steps of all histories together; a thousand histories of a million returns are as many as anybody waits for. */
const MAX_STEPS = 1_000_000_000;

/**
 * Draws the trades, or blocks of the returns, of a backtest anew, with putting back, and says how wide the results lie.
 *
 * @throws InvalidOptionError when an option is out of its range, or the backtest has nothing to draw.
 */
export function monteCarlo(result: BacktestResult, given: MonteCarloOptions = {}): MonteCarlo {
  const { runs = 1000, of = 'trades', block = 20, seed = 'millrace' } = knownOptions(given, OPTIONS);
  checkResult('monteCarlo', result);
  check('runs', runs, 1_000_000);
  check('block', block, 1_000_000);
  oneOf("monteCarlo: 'of'", of, ['trades', 'returns']);
  if (of === 'trades' && given.block !== undefined) {
    throw new InvalidOptionError(
      "monteCarlo: 'block' is of the returns, and has no effect unless 'of' is 'returns'.",
    );
  }
  const factors = of === 'trades' ? tradeFactors(result) : returnFactors(result);
  if (factors.length === 0) throw new InvalidOptionError(`monteCarlo: the backtest has no ${of} to draw.`);
  if (factors.length * runs > MAX_STEPS) {
    throw new InvalidOptionError(
      `monteCarlo: ${runs} histories of ${factors.length} ${of} are too many. Ask for fewer runs.`,
    );
  }
  const random = seededNumbers(JSON.stringify(['monte-carlo', seed, result.fingerprint]));
  const length = of === 'trades' ? 1 : Math.min(block, factors.length);
  const finals = new Float64Array(runs);
  const drawdowns = new Float64Array(runs);
  let losses = 0;
  const capital = result.settings.initialCapital;
  for (let run = 0; run < runs; run++) {
    const { final, drawdown } = historyOf(factors, length, random);
    finals[run] = final * capital;
    drawdowns[run] = drawdown;
    if (final < 1) losses++;
  }
  return {
    runs,
    of,
    finalCapital: percentiles(finals),
    maxDrawdown: percentiles(drawdowns),
    probabilityOfLoss: losses / runs,
  };
}

/** What each trade multiplied the account by. */
function tradeFactors({ trades, settings }: BacktestResult): Float64Array {
  let equity = settings.initialCapital;
  return Float64Array.from(trades, ({ profit }) => {
    const factor = equity > 0 ? Math.max(0, (equity + profit) / equity) : 0;
    equity += profit;
    return factor;
  });
}

function returnFactors({ equity: { equity } }: BacktestResult): Float64Array {
  return Float64Array.from({ length: Math.max(0, equity.length - 1) }, (_, index) => {
    const before = equity[index] as number;
    return before > 0 ? Math.max(0, (equity[index + 1] as number) / before) : 0;
  });
}

function historyOf(factors: Float64Array, block: number, random: () => number) {
  let final = 1;
  let peak = 1;
  let drawdown = 0;
  let left = 0;
  let at = 0;
  for (let step = 0; step < factors.length; step++) {
    if (left === 0) {
      at = Math.floor(random() * factors.length);
      left = block;
    }
    // A block goes round the end, so that the last returns are drawn as often as all others.
    final *= factors[at] as number;
    at = at + 1 === factors.length ? 0 : at + 1;
    left--;
    if (final > peak) peak = final;
    else drawdown = Math.max(drawdown, 1 - final / peak);
  }
  return { final, drawdown };
}

function percentiles(values: Float64Array): Percentiles {
  const sorted = values.toSorted();
  const at = (part: number) => sorted[Math.round(part * (sorted.length - 1))] as number;
  return { p5: at(0.05), p25: at(0.25), p50: at(0.5), p75: at(0.75), p95: at(0.95) };
}

function check(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw new InvalidOptionError(
    `monteCarlo: '${name}' is ${value}; it must be a whole number from 1 to ${most}.`,
  );
}
