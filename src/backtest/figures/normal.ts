/** Distribution function of the standard normal distribution; a series by Marsaglia (2004), to the last digits of a double. */
export function normalBelow(x: number): number {
  if (x < -8) return 0;
  if (x > 8) return 1;
  let sum = x;
  let term = x;
  for (let divisor = 3; sum + term !== sum; divisor += 2) {
    term *= (x * x) / divisor;
    sum += term;
  }
  return 0.5 + sum * Math.exp(-(x * x) / 2) * INVERSE_ROOT;
}

const INVERSE_ROOT = 1 / Math.sqrt(2 * Math.PI);

/** The value below which a standard normal variable lies with a probability between 0 and 1. */
export function normalQuantile(probability: number): number {
  let low = -8;
  let high = 8;
  // Halving gains one bit each time; sixty are more than a double has.
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (normalBelow(middle) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
