import { InvalidOptionError } from '../../faces/errors.js';

/** What combinatorially symmetric cross-validation says of a selection. */
export interface Overfitting {
  /**
   * Part of the splits in which the run that was best in one half is at or below the median of the other: 0.5 is a coin. Null
   * when there is no split, as of runs that are all equal: there was nothing to choose.
   */
  readonly probability: number | null;
  /** Runs that were compared, and returns of each. */
  readonly runs: number;
  readonly returns: number;
  /** Parts that the returns were cut into, and ways to choose half of them with runs that differ in both halves. */
  readonly blocks: number;
  readonly splits: number;
  /** Part of the splits in which the run that was best in one half lost in the other. Null as above. */
  readonly probabilityOfLoss: number | null;
}

/** Parts into which returns are cut when nothing is said: 12,870 splits, as in the paper. */
const BLOCKS = 16;

/**
 * The probability of backtest overfitting (Bailey, Borwein, López de Prado and Zhu, "The Probability of Backtest
 * Overfitting", Journal of Computational Finance 20, 2017; preprint 2015): the returns are cut into an even number of
 * parts, and in each way to take half of them the run with the best Sharpe ratio in that half is looked up in the other
 * half. A rank there at or below the median is a choice that did not carry over.
 *
 * A run whose returns in a half are all the same has a Sharpe ratio of 0 there. The paper says nothing of ties: runs whose
 * ratios are equal, to seven digits, share the average of their ranks (Kendall, "The Treatment of Ties in Ranking Problems", Biometrika 33, 1945), of several
 * best ones each counts for its part, and a split in which all runs are equal in one of the halves is no choice and left out.
 *
 * @param returns of each run, as many of each, of the same times.
 * @param blocks even, 2 to 16; what is left over when the returns are cut is left out at the beginning.
 * @returns undefined for fewer than two runs, or fewer than two returns per part.
 * @throws InvalidOptionError when `blocks` is out of its range, runs have different numbers of returns, or a return is no
 * finite number: the message names run and index.
 */
export function probabilityOfOverfitting(
  returns: readonly ArrayLike<number>[],
  blocks = BLOCKS,
): Overfitting | undefined {
  if (!(Number.isInteger(blocks) && blocks >= 2 && blocks <= BLOCKS && blocks % 2 === 0)) {
    throw new InvalidOptionError(`blocks is ${blocks}; it must be an even number from 2 to ${BLOCKS}.`);
  }
  checkReturns(returns);
  const length = returns[0]?.length ?? 0;
  const size = Math.floor(length / blocks);
  if (returns.length < 2 || !(size >= 2)) return undefined;
  const sums = returns.map((one) => blockSums(one, blocks, size));
  const count = (size * blocks) / 2;
  // Single precision, so that ratios which only rounding tells apart are equal: as of runs that hold twice as much, or of
  // those that each had one return in a half.
  const inside = new Float32Array(returns.length);
  const outside = new Float32Array(returns.length);
  let splits = 0;
  let below = 0;
  let lost = 0;
  const look = (chosenBy: Float32Array, triedOn: Float32Array) => {
    if (areEqual(chosenBy) || areEqual(triedOn)) return;
    const chosen = largestOf(chosenBy).map((run) => triedOn[run] as number);
    splits++;
    below += partBelow(triedOn, chosen);
    lost += chosen.filter((value) => value < 0).length / chosen.length;
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
    probability: splits === 0 ? null : below / splits,
    runs: returns.length,
    returns: size * blocks,
    blocks,
    splits,
    probabilityOfLoss: splits === 0 ? null : lost / splits,
  };
}

/** @throws InvalidOptionError */
function checkReturns(returns: readonly ArrayLike<number>[]): void {
  const isList = (one: unknown): boolean => Array.isArray(one) || ArrayBuffer.isView(one);
  if (!Array.isArray(returns) || !returns.every(isList)) {
    throw new InvalidOptionError(
      'probabilityOfOverfitting takes a list of runs, each a list of its returns.',
    );
  }
  for (const [run, one] of returns.entries()) {
    if (one.length !== returns[0]?.length) {
      throw new InvalidOptionError('probabilityOfOverfitting: all runs must have as many returns.');
    }
    for (let index = 0; index < one.length; index++) {
      if (Number.isFinite(one[index])) continue;
      throw new InvalidOptionError(
        `probabilityOfOverfitting: return ${index} of run ${run} is ${String(one[index])}; it must be a finite number.`,
        { details: { run, index } },
      );
    }
  }
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

function areEqual(values: Float32Array): boolean {
  const [first] = values;
  return values.every((value) => value === first);
}

/** Indexes of the largest value. */
function largestOf(values: Float32Array): number[] {
  const largest = values.reduce((most, value) => (value > most ? value : most));
  const found: number[] = [];
  for (let at = values.indexOf(largest); at >= 0; at = values.indexOf(largest, at + 1)) found.push(at);
  return found;
}

/** Part of some of the values that is at or below the median of all. */
function partBelow(values: Float32Array, some: readonly number[]): number {
  const isBelow = (value: number) => rankOf(values, value) <= (values.length + 1) / 2;
  const [first] = some as [number];
  if (some.every((value) => value === first)) return isBelow(first) ? 1 : 0;
  // Many, and different: sorted once, instead of counted for each.
  const median = values.toSorted()[(values.length - 1) >> 1] as number;
  const isMedianBelow = isBelow(median);
  return some.filter((value) => value < median || (value === median && isMedianBelow)).length / some.length;
}

/** From 1 for the smallest. */
function rankOf(values: Float32Array, value: number): number {
  let smaller = 0;
  let equal = 0;
  for (const other of values) {
    if (other < value) smaller++;
    else if (other === value) equal++;
  }
  return smaller + (equal + 1) / 2;
}
