import { didYouMean } from '../../events/nearest.js';
import { InvalidOptionError } from '../../faces/errors.js';
import type { Candles } from '../candles/candles.js';
import * as columns from './columns.js';

/** A column of a set of candles. */
export type Source = 'open' | 'high' | 'low' | 'close' | 'volume';

/** Computes the column of another indicator, or takes it from where it was computed before. */
export type ColumnOf = (indicator: Indicator) => Float64Array;

/** One column of numbers over all candles: what it is, how it is computed. Equal keys are equal columns. */
export interface Indicator {
  /** Name and arguments, as `rsi(14, close)`. */
  readonly key: string;
  /** Index of the first candle that has a value. */
  readonly warmUp: number;
  compute(candles: Candles, columnOf: ColumnOf): Float64Array;
}

/** The three lines of Bollinger's bands. */
export interface Bands {
  readonly upper: Indicator;
  readonly middle: Indicator;
  readonly lower: Indicator;
}

/** Lines of moving average convergence and divergence. */
export interface Macd {
  readonly line: Indicator;
  readonly signal: Indicator;
  readonly histogram: Indicator;
}

/** Longest look back of an indicator, in candles. */
const LENGTH_MAX = 1_000_000;

const SOURCES: readonly Source[] = ['open', 'high', 'low', 'close', 'volume'];

/** @throws InvalidOptionError for what is no column of candles. */
export function checkSource(source: Source): Source {
  if (SOURCES.includes(source)) return source;
  throw new InvalidOptionError(
    `Candles have no column '${String(source)}'. ${didYouMean(String(source), SOURCES, 'They have')}`,
  );
}

function ofLength(name: string, length: number, least = 1): number {
  if (Number.isInteger(length) && length >= least && length <= LENGTH_MAX) return length;
  throw new InvalidOptionError(
    `The length of ${name} is ${String(length)}; it must be a whole number from ${least} to ${LENGTH_MAX}.`,
  );
}

type OfColumn = (values: Float64Array, length: number) => Float64Array;

function simple(name: string, compute: OfColumn, lag: number, least = 1) {
  return (length: number, source: Source = 'close'): Indicator => ({
    key: `${name}(${ofLength(name, length, least)}, ${checkSource(source)})`,
    warmUp: length - 1 + lag,
    compute: (candles) => compute(candles[source], length),
  });
}

const sma = simple('sma', columns.sma, 0);
const ema = simple('ema', columns.ema, 0);
const deviation = simple('deviation', columns.deviation, 0, 2);

function atr(length: number): Indicator {
  return {
    key: `atr(${ofLength('atr', length)})`,
    warmUp: length,
    compute: ({ high, low, close }) => columns.wilder(columns.trueRange(high, low, close), length),
  };
}

function stochastic(length: number): Indicator {
  return {
    key: `stochastic(${ofLength('stochastic', length)})`,
    warmUp: length - 1,
    compute: ({ high, low, close }) => columns.stochastic(high, low, close, length),
  };
}

function bollinger(length: number, width = 2, source: Source = 'close'): Bands {
  const middle = sma(length, source);
  const spread = deviation(length, source);
  const band = (factor: number): Indicator => ({
    key: `band(${length}, ${factor}, ${source})`,
    warmUp: middle.warmUp,
    compute: (_, columnOf) => columns.combined(columnOf(middle), columnOf(spread), factor),
  });
  return { upper: band(width), middle, lower: band(-width) };
}

function macd(fast = 12, slow = 26, smoothing = 9, source: Source = 'close'): Macd {
  const [quick, lazy] = [ema(fast, source), ema(slow, source)];
  const name = `${fast}, ${slow}, ${source}`;
  const line: Indicator = {
    key: `macd(${name})`,
    warmUp: Math.max(quick.warmUp, lazy.warmUp),
    compute: (_, columnOf) => columns.combined(columnOf(quick), columnOf(lazy), -1),
  };
  const signal: Indicator = {
    key: `macd signal(${name}, ${ofLength('macd', smoothing)})`,
    warmUp: line.warmUp + smoothing - 1,
    compute: (_, columnOf) => columns.ema(columnOf(line), smoothing),
  };
  const histogram: Indicator = {
    key: `macd histogram(${name}, ${smoothing})`,
    warmUp: signal.warmUp,
    compute: (_, columnOf) => columns.combined(columnOf(line), columnOf(signal), -1),
  };
  return { line, signal, histogram };
}

/**
 * An indicator of your own. Its value at an index must depend on that index and those before it only: what it does is not
 * watched, but `checkLookAhead` finds it out.
 *
 * @param key name and all arguments: equal keys are computed once.
 */
function custom(key: string, warmUp: number, compute: Indicator['compute']): Indicator {
  return { key: `custom ${key}`, warmUp, compute };
}

/** What there is to build indicators with. Lengths are candles; `source` is the column, `close` unless said. */
export const indicators = Object.freeze({
  /** Plain average. */
  sma,
  /** Exponential average, factor 2 / (length + 1), started from the plain average. */
  ema,
  /** Linearly weighted average. */
  wma: simple('wma', columns.wma, 0),
  /** Wilder's relative strength index, 0 to 100. */
  rsi: simple('rsi', columns.rsi, 1, 2),
  /** Average true range, with Wilder's smoothing. */
  atr,
  /** Standard deviation, over n. */
  deviation,
  /** Plain average plus and minus `width` deviations. */
  bollinger,
  macd,
  /** Largest of the last values, the current one included. */
  highest: simple('highest', columns.highest, 0),
  /** Smallest of the last values, the current one included. */
  lowest: simple('lowest', columns.lowest, 0),
  /** Change over so many candles, as a fraction: 0.05 is five percent. */
  change: simple('change', columns.change, 1),
  /** Stochastic oscillator %K, 0 to 100. */
  stochastic,
  custom,
});

/** Every indicator by its name: what a strategy’s `indicators` function is given. */
export type IndicatorBuilder = typeof indicators;
