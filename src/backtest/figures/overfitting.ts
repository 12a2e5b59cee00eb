import { InvalidOptionError } from '../../faces/errors.js';

/** What combinatorially symmetric cross-validation says of a selection. */
export interface Overfitting {
  /** Part of the splits in which the run that was best in one half is below the median of the other: 0.5 is a coin. */
  readonly probability: number;
  /** Runs that were compared, and returns of each. */
  readonly runs: number;
  readonly returns: number;
  /** Parts that the returns were cut into, and ways to choose half of them. */
  readonly blocks: number;
  readonly splits: number;
  /** Part of the splits in which the run that was best in one half lost in the other. */
  readonly probabilityOfLoss: number;
}

/** Parts into which returns are cut when nothing is said: 12,870 splits, as in the paper. */
const BLOCKS = 16;

/**
 * The probability of backtest overfitting (Bailey, Borwein, López de Prado and Zhu, "The Probability of Backtest
 * Overfitting", Journal of Computational Finance 20, 2017; preprint 2015): the returns are cut into an even number of
 * parts, and in each way to take half of them the run with the best Sharpe ratio in that half is looked up in the other
 * half. A rank there at or below the median is a choice that did not carry over.
 *
 * A run whose returns in a half are all the same has a Sharpe ratio of 0 there. Of equal ones the first is the best, and
 * ranks of equal ones are their average.
 *
 * @param returns of each run, as many of each, of the same times.
 * @param blocks even, 2 to 16; what is left over when the returns are cut is left out at the beginning.
 * @returns undefined for fewer than two runs, or fewer than two returns per part.
 * @throws InvalidOptionError when `blocks` is out of its range, or runs have different numbers of returns.
 */
export function probabilityOfOverfitting(
  returns: readonly ArrayLike<number>[],
  blocks = BLOCKS,
): Overfitting | undefined {
  if (!(Number.isInteger(blocks) && blocks >= 2 && blocks <= BLOCKS && blocks % 2 === 0)) {
    throw new InvalidOptionError(`blocks is ${blocks}; it must be an even number from 2 to ${BLOCKS}.`);
  }
  const [first] = returns;
  const length = first?.length ?? 0;
  if (returns.some((one) => one.length !== length)) {
    throw new InvalidOptionError('probabilityOfOverfitting: all runs must have as many returns.');
  }
  const size = Math.floor(length / blocks);
  if (first === undefined || returns.length < 2 || size < 2) return undefined;
  const sums = returns.map((one) => blockSums(one, blocks, size));
  const count = (size * blocks) / 2;
  const inside = new Float64Array(returns.length);
  const outside = new Float64Array(returns.length);
  let splits = 0;
  let below = 0;
  let lost = 0;
  const look = (chosenBy: Float64Array, triedOn: Float64Array) => {
    const found = triedOn[indexOfLargest(chosenBy)] as number;
    splits++;
    if (rankOf(triedOn, found) <= (returns.length + 1) / 2) below++;
    if (found < 0) lost++;
  };
  for (const half of halves(blocks)) {
    sums.forEach((of, run) => {
      inside[run] = sharpeOf(of, half, count);
      outside[run] = sharpeOf(of, ~half, count);
    });
    look(inside, outside);
    look(outside, inside);
  }
  return {
    probability: below / splits,
    runs: returns.length,
    returns: size * blocks,
    blocks,
    splits,
    probabilityOfLoss: lost / splits,
  };
}

/** Sum and sum of squares of each part. */
interface Sums {
  readonly sum: Float64Array;
  readonly squares: Float64Array;
}

function blockSums(returns: ArrayLike<number>, blocks: number, size: number): Sums {
  const sum = new Float64Array(blocks);
  const squares = new Float64Array(blocks);
  const from = returns.length - blocks * size;
  for (let block = 0; block < blocks; block++) {
    for (let at = from + block * size; at < from + (block + 1) * size; at++) {
      const value = returns[at] as number;
      sum[block] = (sum[block] as number) + value;
      squares[block] = (squares[block] as number) + value * value;
    }
  }
  return { sum, squares };
}

/** Sets of half of the parts, a bit for each; of two that complete each other one. */
function* halves(blocks: number): Generator<number> {
  for (let set = 0; set < 1 << (blocks - 1); set++) {
    let bits = 0;
    for (let rest = set; rest !== 0; rest &= rest - 1) bits++;
    if (bits === blocks / 2) yield set;
  }
}

/** Variances below this part of the mean square are rounding. */
const ROUNDING = 1e-12;

function sharpeOf({ sum, squares }: Sums, set: number, count: number): number {
  let total = 0;
  let square = 0;
  for (let block = 0; block < sum.length; block++) {
    if ((set & (1 << block)) === 0) continue;
    total += sum[block] as number;
    square += squares[block] as number;
  }
  const mean = total / count;
  const variance = square / count - mean * mean;
  return variance > ROUNDING * (square / count) ? mean / Math.sqrt(variance) : 0;
}

function indexOfLargest(values: Float64Array): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) {
    if ((values[index] as number) > (values[best] as number)) best = index;
  }
  return best;
}

/** From 1 for the smallest. */
function rankOf(values: Float64Array, value: number): number {
  let smaller = 0;
  let equal = 0;
  for (const other of values) {
    if (other < value) smaller++;
    else if (other === value) equal++;
  }
  return smaller + (equal + 1) / 2;
}
