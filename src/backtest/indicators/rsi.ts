import { InvalidOptionError } from '../../faces/errors.js';
import { RSI_LENGTH_MAX, RSI_LENGTH_MIN } from '../../limits.js';

/**
 * Relative Strength Index after J. Welles Wilder, "New Concepts in Technical Trading Systems" (1978), chapter 6.
 *
 * The first value needs `length` changes, thus `length + 1` closes, and starts from their plain averages. From
 * then on each average is `(previous * (length - 1) + current) / length`, and
 * `RSI = 100 - 100 / (1 + averageGain / averageLoss)`: 100 without losses, and 50 where nothing moved at all.
 *
 * It is fed one close at a time and keeps four numbers, so it cannot look ahead.
 */
export class WilderRsi {
  readonly length: number;
  #averageGain = 0;
  #averageLoss = 0;
  #changes = -1;
  #previousClose = 0;

  /** @throws InvalidOptionError when the length is not a whole number within its limits. */
  constructor(length: number) {
    if (!Number.isInteger(length) || length < RSI_LENGTH_MIN || length > RSI_LENGTH_MAX) {
      throw new InvalidOptionError(
        `RSI length is ${length}; it must be a whole number from ${RSI_LENGTH_MIN} to ${RSI_LENGTH_MAX}.`,
      );
    }
    this.length = length;
  }

  /** Takes the next close and returns the RSI, 0 to 100; NaN while there are too few closes. */
  next(close: number): number {
    const change = close - this.#previousClose;
    this.#previousClose = close;
    this.#changes++;
    if (this.#changes === 0) return Number.NaN;
    const gain = Math.max(change, 0);
    const loss = Math.max(-change, 0);
    if (this.#changes <= this.length) return this.#seed(gain, loss);
    this.#averageGain = (this.#averageGain * (this.length - 1) + gain) / this.length;
    this.#averageLoss = (this.#averageLoss * (this.length - 1) + loss) / this.length;
    return this.#value();
  }

  /** Sums the first changes; the averages hold sums until the last of them is in. */
  #seed(gain: number, loss: number): number {
    this.#averageGain += gain;
    this.#averageLoss += loss;
    if (this.#changes < this.length) return Number.NaN;
    this.#averageGain /= this.length;
    this.#averageLoss /= this.length;
    return this.#value();
  }

  #value(): number {
    if (this.#averageLoss === 0) return this.#averageGain === 0 ? 50 : 100;
    return 100 - 100 / (1 + this.#averageGain / this.#averageLoss);
  }
}
