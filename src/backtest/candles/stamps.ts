import { parseTimeframe, timeframeOf } from './timeframe.js';

/**
 * Starts of candles that are stamped with their end. An end just below a second, as `…59.999`, is that of the second.
 *
 * @param given length of a single candle, which nothing else tells.
 * @returns undefined when the length is not known.
 */
export function atOpen(ends: readonly number[], given: string | undefined): readonly number[] | undefined {
  const whole = ends.map((end) => ((end + 1) % 1000 === 0 ? end + 1 : end));
  const name =
    whole.length > 1 ? timeframeOf({ time: Float64Array.from(whole), length: whole.length }) : given;
  if (name === undefined) return undefined;
  const { leastMs, startOf } = parseTimeframe(name);
  return name.endsWith('M') ? whole.map((end) => startOf(end - 1)) : whole.map((end) => end - leastMs);
}
