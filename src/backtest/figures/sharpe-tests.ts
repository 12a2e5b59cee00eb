import { checkNumbers, checkObject } from '../given.js';
import type { Moments } from './moments.js';
import { normalBelow, normalQuantile } from './normal.js';

const EULER = 0.577_215_664_901_532_9;

/**
 * Probability that the true Sharpe ratio is above a threshold, given the length, skewness and kurtosis of the sample.
 * Bailey and López de Prado, "The Sharpe Ratio Efficient Frontier", Journal of Risk 15 (2012).
 *
 * @param sharpe per return, not annualised; `threshold` likewise.
 * @returns NaN where the moments are so extreme that the estimate has no deviation.
 * @throws InvalidOptionError for what is no number.
 */
export function probabilisticSharpe(
  sharpe: number,
  moments: Pick<Moments, 'count' | 'skewness' | 'kurtosis'>,
  threshold = 0,
): number {
  checkObject('probabilisticSharpe', 'moments', moments, 'count, skewness and kurtosis');
  const { count, skewness, kurtosis } = moments;
  checkNumbers('probabilisticSharpe', { sharpe, count, skewness, kurtosis, threshold });
  const variance = 1 - skewness * sharpe + ((kurtosis - 1) / 4) * sharpe * sharpe;
  return normalBelow(((sharpe - threshold) * Math.sqrt(count - 1)) / Math.sqrt(variance));
}

/**
 * The Sharpe ratio per return that the best of so many trials is expected to have when none of them is any good. Bailey
 * and López de Prado, "The Deflated Sharpe Ratio", Journal of Portfolio Management 40 (2014), equation 1.
 *
 * @param trials independent trials; parameter sets that trade alike are fewer than they are many.
 * @param variance of the Sharpe ratios of all trials, per return.
 * @throws InvalidOptionError for what is no number.
 */
export function expectedBestSharpe(trials: number, variance: number): number {
  checkNumbers('expectedBestSharpe', { trials, variance });
  if (trials < 2) return 0;
  const [first, second] = [1 - 1 / trials, 1 - 1 / (trials * Math.E)];
  return Math.sqrt(variance) * ((1 - EULER) * normalQuantile(first) + EULER * normalQuantile(second));
}
