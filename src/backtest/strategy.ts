import { knownOptions, optionNames } from '../events/known-options.js';
import { InvalidOptionError } from '../faces/errors.js';
import { WilderRsi } from './rsi.js';

/** Parameters of RSI mean reversion. */
export interface RsiParameters {
  /** Closes that the RSI looks back on. */
  readonly length: number;
  /** Buy when the RSI crosses from this level or above to below it; above 0. */
  readonly entry: number;
  /** Sell when the RSI is above this level; above `entry`, below 100. */
  readonly exit: number;
  /** Largest loss per position as a fraction of the entry price, 0 (no stop) to below 1. */
  readonly stop: number;
}

const PARAMETERS = optionNames<RsiParameters>('RSI strategy', {
  length: true,
  entry: true,
  exit: true,
  stop: true,
});

export type Signal = 'BUY' | 'SELL';

/**
 * Buys what has fallen: long only, one position at a time. It is asked on the close of each candle, and what it
 * answers is filled at the open of the next.
 *
 * The entry is a crossing, not a level: after a stop the RSI is usually still low, and a level would buy again
 * the next morning until the money is gone. The exit is a level, because a position must not stay open only
 * because the crossing fell on the candle of its entry.
 */
export class RsiMeanReversion {
  readonly parameters: RsiParameters;
  readonly #indicator: WilderRsi;
  #previous = Number.NaN;
  #rsi = Number.NaN;

  /** @throws InvalidOptionError when a parameter is out of its range. */
  constructor(parameters: RsiParameters) {
    checkParameters(parameters);
    this.parameters = parameters;
    this.#indicator = new WilderRsi(parameters.length);
  }

  /** The RSI at the last close; NaN during warm-up. */
  get rsi(): number {
    return this.#rsi;
  }

  /** Takes a close and says what to do at the next open. Comparisons with NaN are false: no signal in warm-up. */
  onClose(close: number, holding: boolean): Signal | undefined {
    this.#previous = this.#rsi;
    this.#rsi = this.#indicator.next(close);
    if (holding) return this.#rsi > this.parameters.exit ? 'SELL' : undefined;
    return this.#previous >= this.parameters.entry && this.#rsi < this.parameters.entry ? 'BUY' : undefined;
  }

  /** How far the RSI is beyond the signal's level, as a fraction of the room there is. */
  strength(signal: Signal): number {
    const { entry, exit } = this.parameters;
    return signal === 'BUY' ? (entry - this.#rsi) / entry : (this.#rsi - exit) / (100 - exit);
  }
}

/** The name of a parameter set: `rsi-14-30-60-0.05`. Numbers as JavaScript prints them, so equal sets are equal text. */
export function strategyId({ length, entry, exit, stop }: RsiParameters): string {
  return `rsi-${length}-${entry}-${exit}-${stop}`;
}

/** @throws InvalidOptionError that names the parameter out of its range. */
export function checkParameters(parameters: RsiParameters): void {
  const { length, entry, exit, stop } = knownOptions(parameters, PARAMETERS);
  new WilderRsi(length);
  if (!(Number.isFinite(entry) && entry > 0 && entry < 100))
    throw outOfRange('entry', entry, 'a number above 0 and below 100');
  if (!(Number.isFinite(exit) && exit > entry && exit < 100))
    throw outOfRange('exit', exit, `a number above the entry (${entry}) and below 100`);
  if (!(Number.isFinite(stop) && stop >= 0 && stop < 1))
    throw outOfRange('stop', stop, 'a fraction from 0 (no stop) to below 1');
}

function outOfRange(name: string, value: number, range: string): InvalidOptionError {
  return new InvalidOptionError(`RSI strategy: ${name} is ${value}; it must be ${range}.`);
}
