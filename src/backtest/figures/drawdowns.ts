import { checkCurve } from '../statistics.js';

/** A time below a peak. Times are epoch milliseconds. */
export interface Drawdown {
  /** When the peak was reached, and its value. */
  readonly start: number;
  readonly peak: number;
  /** When it was deepest, and the value then. */
  readonly bottomTime: number;
  readonly bottom: number;
  /** When the peak was reached again; null while it is not. */
  readonly end: number | null;
  /** Part of the peak that was lost, 0 to 1. */
  readonly fraction: number;
  /** Until the end, or of the data. */
  readonly durationMs: number;
}

/** All drawdowns of a curve, in the order of time. What is lost of the initial capital is one, too. @throws InvalidOptionError as `equityStatistics`. */
export function drawdownsOf(time: Float64Array, equity: Float64Array, initial: number): readonly Drawdown[] {
  checkCurve(time, equity, initial);
  const found: Drawdown[] = [];
  let peak = initial;
  let start = time[0] as number;
  let bottom = -1;
  const put = (end: number | null, last: number) => {
    const value = equity[bottom] as number;
    const fraction = Math.min(1, (peak - value) / peak);
    found.push({
      start,
      peak,
      bottomTime: time[bottom] as number,
      bottom: value,
      end,
      fraction,
      durationMs: last - start,
    });
    bottom = -1;
  };
  for (let index = 0; index < equity.length; index++) {
    const value = equity[index] as number;
    if (value < peak) {
      if (bottom < 0 || value < (equity[bottom] as number)) bottom = index;
      continue;
    }
    const now = time[index] as number;
    if (bottom >= 0) put(now, now);
    peak = value;
    start = now;
  }
  if (bottom >= 0) put(null, time[time.length - 1] as number);
  return found;
}
