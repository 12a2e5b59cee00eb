/** The middle value; of an even number of values the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** The value below which `share` of the sorted values lie (nearest rank). */
export function percentile(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Slope of the least-squares line through the points, and its standard error. */
export function regression(x: readonly number[], y: readonly number[]): { slope: number; error: number } {
  const count = x.length;
  const meanX = x.reduce((sum, value) => sum + value, 0) / count;
  const meanY = y.reduce((sum, value) => sum + value, 0) / count;
  let covariance = 0;
  let variance = 0;
  for (let index = 0; index < count; index++) {
    const distance = (x[index] as number) - meanX;
    covariance += distance * ((y[index] as number) - meanY);
    variance += distance * distance;
  }
  const slope = covariance / variance;
  let residuals = 0;
  for (let index = 0; index < count; index++) {
    const expected = meanY + slope * ((x[index] as number) - meanX);
    residuals += ((y[index] as number) - expected) ** 2;
  }
  return { slope, error: Math.sqrt(residuals / (count - 2) / variance) };
}
