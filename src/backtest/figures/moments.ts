/** What a series of returns is like. Deviations divide by n - 1; skewness and kurtosis are those of the sample. */
export interface Moments {
  readonly count: number;
  readonly mean: number;
  readonly deviation: number;
  /** Root mean square of the negative returns, 0 for the others. */
  readonly downside: number;
  readonly skewness: number;
  /** 3 for a normal distribution. */
  readonly kurtosis: number;
}

/** Sums in the order of the series, because adding doubles in another order gives another result. */
export function momentsOf(returns: ArrayLike<number>): Moments {
  const count = returns.length;
  let sum = 0;
  for (let index = 0; index < count; index++) sum += returns[index] as number;
  const mean = sum / count;
  let second = 0;
  let third = 0;
  let fourth = 0;
  let below = 0;
  for (let index = 0; index < count; index++) {
    const value = returns[index] as number;
    const square = (value - mean) * (value - mean);
    second += square;
    third += square * (value - mean);
    fourth += square * square;
    if (value < 0) below += value * value;
  }
  const variance = second / count;
  return {
    count,
    mean,
    deviation: Math.sqrt(second / (count - 1)),
    downside: Math.sqrt(below / count),
    skewness: third / count / (variance * Math.sqrt(variance)),
    kurtosis: fourth / count / (variance * variance),
  };
}

/** Changes from one value to the next, as fractions of the former. */
export function returnsOf(equity: ArrayLike<number>): Float64Array {
  const returns = new Float64Array(Math.max(0, equity.length - 1));
  for (let index = 0; index < returns.length; index++) {
    returns[index] = (equity[index + 1] as number) / (equity[index] as number) - 1;
  }
  return returns;
}

/** The value below which a part of a sorted series lies, between two values by distance (type 7, the default of NumPy and R). */
export function quantile(sorted: ArrayLike<number>, part: number): number {
  const place = (sorted.length - 1) * part;
  const low = sorted[Math.floor(place)] as number;
  const high = sorted[Math.ceil(place)] as number;
  return low + (high - low) * (place - Math.floor(place));
}
