import { LookAheadError, StrategyMistakeError } from '../broker/strategy-mistake.js';
import type { Candles } from '../candles/candles.js';
import { checkSource, type Source } from '../indicators/indicator.js';

/** Where a run is: the last candle that the strategy may know. */
export interface Cursor {
  index: number;
}

/**
 * The candles up to the one on whose close the strategy is asked. What lies behind it cannot be read: the answer is a
 * LookAheadError. `ago` counts back from the last known candle: 0 is that one, 1 the one before.
 */
export class CandleView {
  readonly #candles: Candles;
  readonly #cursor: Cursor;

  constructor(candles: Candles, cursor: Cursor) {
    this.#candles = candles;
    this.#cursor = cursor;
  }

  /** Candles that are known. */
  get length(): number {
    return this.#cursor.index + 1;
  }

  time(ago = 0): number {
    return this.#candles.time[this.#at(ago)] as number;
  }

  open(ago = 0): number {
    return this.#candles.open[this.#at(ago)] as number;
  }

  high(ago = 0): number {
    return this.#candles.high[this.#at(ago)] as number;
  }

  low(ago = 0): number {
    return this.#candles.low[this.#at(ago)] as number;
  }

  close(ago = 0): number {
    return this.#candles.close[this.#at(ago)] as number;
  }

  volume(ago = 0): number {
    return this.#candles.volume[this.#at(ago)] as number;
  }

  /** Funding rate that was due at the start of a candle; 0 for none. */
  funding(ago = 0): number {
    const at = this.#at(ago);
    return this.#candles.funding?.[at] ?? 0;
  }

  /** The last `count` values of a column, from old to new, as a copy; fewer at the beginning. */
  last(count: number, source: Source = 'close'): Float64Array {
    const end = this.#cursor.index + 1;
    if (!(Number.isInteger(count) && count >= 0)) throw this.#outside(count);
    return this.#candles[checkSource(source)].slice(Math.max(0, end - count), end);
  }

  #at(ago: number): number {
    const { index } = this.#cursor;
    if (ago >= 0 && ago <= index && Number.isInteger(ago)) return index - ago;
    throw this.#outside(ago);
  }

  #outside(ago: number): LookAheadError {
    const { index } = this.#cursor;
    const message =
      ago < 0
        ? `A strategy asked for the candle ${-ago} after the current one; nobody knows it yet.`
        : index < 0
          ? 'A strategy asked for a candle of a market that has none yet; look at its candles.length.'
          : `A strategy asked for the candle ${ago} before the current one, which is candle ${index}; set 'warmUp'.`;
    return new LookAheadError(message, { details: { index: index - ago, cursor: index } });
  }
}

/** A column of an indicator, up to the current candle. */
export class IndicatorView {
  readonly #column: Float64Array;
  readonly #cursor: Cursor;

  constructor(column: Float64Array, cursor: Cursor) {
    this.#column = column;
    this.#cursor = cursor;
  }

  /** At the current candle; NaN while it warms up. */
  get value(): number {
    return this.#column[this.#cursor.index] ?? Number.NaN;
  }

  /** At the candle before; NaN where there is none. */
  get previous(): number {
    const index = this.#cursor.index - 1;
    return index < 0 ? Number.NaN : (this.#column[index] as number);
  }

  /** So many candles before the current one; NaN before the first. @throws LookAheadError below 0. */
  ago(candles: number): number {
    const { index } = this.#cursor;
    if (!(candles >= 0 && Number.isInteger(candles))) {
      throw new LookAheadError(
        `An indicator was asked for ${candles} candles ago; the future is not known.`,
        {
          details: { index: index - candles, cursor: index },
        },
      );
    }
    return candles > index ? Number.NaN : (this.#column[index - candles] as number);
  }

  /** Whether it was at or below the other one, or the level, on the candle before, and is above it now. */
  crossedAbove(other: IndicatorView | number): boolean {
    const [was, is] = levels(other);
    return this.previous <= was && this.value > is;
  }

  /** Whether it was at or above the other one, or the level, on the candle before, and is below it now. */
  crossedBelow(other: IndicatorView | number): boolean {
    const [was, is] = levels(other);
    return this.previous >= was && this.value < is;
  }
}

function levels(other: IndicatorView | number): readonly [was: number, is: number] {
  if (typeof other === 'number') return [other, other];
  if (other instanceof IndicatorView) return [other.previous, other.value];
  throw new StrategyMistakeError(
    'An indicator crosses a number or another indicator of ctx.indicators, and this is neither.',
  );
}
