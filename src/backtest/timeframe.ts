import type { Candles } from './candles.js';

const UNITS: readonly (readonly [name: string, milliseconds: number])[] = [
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
];

/**
 * The spacing of candles as `1d`, `4h`, `15m`: the middle one of all distances, so that weekends and missing
 * candles do not count. `1M` for calendar months, `unknown` for a single candle.
 */
export function timeframeOf(candles: Candles): string {
  const { time, length } = candles;
  if (length < 2) return 'unknown';
  const distances = time.slice(1).map((now, index) => now - (time[index] as number));
  const middle = distances.sort()[(length - 1) >> 1] as number;
  const days = middle / 86_400_000;
  if (days >= 28 && days <= 31) return '1M';
  const [name, size] = UNITS.find(([, milliseconds]) => middle % milliseconds === 0) ?? ['ms', 1];
  return `${middle / size}${name}`;
}
