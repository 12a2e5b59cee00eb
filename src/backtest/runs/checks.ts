import { InvalidOptionError } from '../../faces/errors.js';
import type { Candles } from '../candles/candles.js';
import type { Markets } from '../candles/markets.js';
import { columnOf } from '../indicators/cache.js';
import { indicators } from '../indicators/indicator.js';
import { parseParameters, type Strategy } from '../strategies/define.js';
import { asGiven, takeMarkets } from './given-markets.js';
import { type BacktestOptions, runWithOrders } from './run-backtest.js';

/** What a check found: the first candle at which two runs part. */
export interface CheckFinding {
  /** Index of the candle. */
  readonly index: number;
  readonly time: number;
  /** What happened there in the run over all candles, and in the other one. */
  readonly whole: string | null;
  readonly other: string | null;
}

/** How a check ended. */
export interface CheckResult {
  readonly passed: boolean;
  /** Runs that were compared with the whole one. */
  readonly runs: number;
  readonly finding: CheckFinding | null;
}

type Options = Omit<BacktestOptions, 'emit' | 'level'>;

/** Candles that the runs of a check may walk over when nothing is said: some seconds. */
const CHECK_CANDLES = 5_000_000;

function usualPrefixes({ length }: Candles | Markets): number {
  return Math.min(100, Math.max(12, Math.floor((2 * CHECK_CANDLES) / length)));
}

/**
 * The prefix test: the strategy is run over all candles, and over the first part of them, several times. What happened up
 * to the end of a part must be the same, because nothing that comes later may matter. It finds strategies and indicators
 * that look ahead, and those that keep something from run to run. Indicators are compared by themselves as well: one that
 * knows the next candle shows at the end of each part. `onEnd` is left out, because each part has an end of its own.
 *
 * @param parts how many, 1 to 10,000. Default: as many as take some seconds, 12 to 100.
 * @throws InvalidOptionError when there are fewer than three candles; what `runBacktest` throws.
 */
export function checkLookAhead(given: Options, parts?: number): CheckResult {
  const { candles, options: all } = taken('checkLookAhead', given);
  const options = { ...all, strategy: withoutEnd(all.strategy) };
  const prefixes = parts ?? usualPrefixes(candles);
  if (!(Number.isInteger(prefixes) && prefixes >= 1 && prefixes <= 10_000)) {
    throw new InvalidOptionError(`prefixes is ${prefixes}; it must be a whole number from 1 to 10,000.`);
  }
  if (candles.length < 3) throw new InvalidOptionError('The prefix test needs three candles or more.');
  const whole = storyOf(options);
  let runs = 0;
  for (let part = 1; part <= prefixes; part++) {
    const length = Math.max(2, Math.floor((candles.length * part) / (prefixes + 1)));
    const shorter = candles.prefix(length);
    const prefix = storyOf({ ...options, candles: asGiven(shorter) });
    runs++;
    const finding =
      firstIndicatorDifference(options, candles, shorter) ?? firstDifference(candles, whole, prefix, length);
    if (finding) return { passed: false, runs, finding };
  }
  return { passed: true, runs, finding: null };
}

/**
 * Runs the strategy again, after a run with other candles: an equal run must be equal to the last bit. It finds clocks and
 * chance that the guard does not see, and state outside of `state`. `sweep` over several thread counts finds more: see
 * `checkDeterminism`.
 */
export function checkRepeat(given: Options): CheckResult {
  const { candles, options } = taken('checkRepeat', given);
  const first = storyOf(options);
  storyOf({ ...options, candles: asGiven(candles.prefix(Math.max(1, candles.length >> 1))) });
  const second = storyOf(options);
  const finding = firstDifference(candles, first, second, candles.length);
  return { passed: finding === undefined, runs: 2, finding: finding ?? null };
}

/** Options whose candles need not be checked once more: parts of them may be too short to tell their length. */
function taken(of: string, given: Options): { candles: Candles | Markets; options: Options } {
  const { candles, symbol, finer } = takeMarkets(of, given ?? {});
  const options = { ...given, candles: asGiven(candles), symbol, finer };
  return { candles, options };
}

/** What is no strategy is refused by the run. */
function withoutEnd(strategy: Strategy): Strategy {
  if (strategy?.definition?.onEnd === undefined) return strategy;
  const { onEnd: _onEnd, ...definition } = strategy.definition;
  return { ...strategy, definition };
}

function firstIndicatorDifference(
  { strategy, parameters }: Options,
  whole: Candles | Markets,
  shorter: Candles | Markets,
): CheckFinding | undefined {
  const set =
    strategy.definition.indicators?.(parseParameters(strategy, parameters) as never, indicators) ?? {};
  const parts = marketsIn(shorter);
  for (const [at, [market, candles]] of marketsIn(whole).entries()) {
    const part = parts[at]?.[1] as Candles;
    for (const [name, indicator] of part.length === 0 ? [] : Object.entries(set)) {
      const all = columnOf(candles, indicator);
      const some = columnOf(part, indicator);
      const index = some.findIndex((value, at) => !Object.is(value, all[at]));
      if (index < 0) continue;
      const text = (value: number | undefined) => `indicator ${market}${name}: ${value}`;
      const time = candles.time[index] as number;
      return { index, time, whole: text(all[index]), other: text(some[index]) };
    }
  }
  return undefined;
}

/** Candles by what their market is called before the name of an indicator. */
function marketsIn(candles: Candles | Markets): readonly (readonly [string, Candles])[] {
  if (!('names' in candles)) return [['', candles]];
  return candles.candles.map((one, at) => [`${candles.names[at]} `, one]);
}

interface Step {
  readonly index: number;
  readonly text: string;
}

/** All that happened, by candle: orders as they were made, and fills; what only the end of the data causes is left out. */
function storyOf(options: Options): readonly Step[] {
  const { result, orders: made } = runWithOrders({
    ...options,
    closeAtEnd: false,
  } as BacktestOptions);
  const { orders, fills, logs, plots, equity } = result;
  const steps: Step[] = [];
  const at = (market: string | undefined) => (market === undefined ? '' : ` of ${market}`);
  for (const [row, { number, kind, side, index, limitPrice, tag, market }] of orders.entries()) {
    const sizing = made[row]?.sizing;
    // Which side a target needs is an estimate until it is filled: what is held then is not known before.
    const what = sizing?.by === 'target' ? `target ${sizing.amount}` : `${side} ${kind}`;
    steps.push({
      index,
      text: `order ${number}${at(market)}: ${what}${limitPrice === null ? '' : ` at ${limitPrice}`}${tag === null ? '' : ` '${tag}'`}`,
    });
  }
  for (const { index, order, side, quantity, price } of fills) {
    steps.push({ index, text: `fill of order ${order}: ${side} ${quantity} at ${price}` });
  }
  for (const { index, text } of logs) steps.push({ index, text: `log: ${text}` });
  for (const { name, values } of plots) {
    values.forEach((value, index) => {
      if (!Number.isNaN(value)) steps.push({ index, text: `record ${name}: ${value}` });
    });
  }
  equity.equity.forEach((value, index) => {
    steps.push({ index, text: `equity ${value}` });
  });
  return steps.sort((a, b) => a.index - b.index || (a.text < b.text ? -1 : 1));
}

function firstDifference(
  candles: Candles | Markets,
  whole: readonly Step[],
  other: readonly Step[],
  until: number,
): CheckFinding | undefined {
  const upTo = (steps: readonly Step[]) => steps.filter(({ index }) => index < until);
  const [a, b] = [upTo(whole), upTo(other)];
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    if (a[at]?.text === b[at]?.text && a[at]?.index === b[at]?.index) continue;
    const index = Math.min(
      a[at]?.index ?? Number.POSITIVE_INFINITY,
      b[at]?.index ?? Number.POSITIVE_INFINITY,
    );
    return {
      index,
      time: candles.time[index] as number,
      whole: a[at]?.text ?? null,
      other: b[at]?.text ?? null,
    };
  }
  return undefined;
}
