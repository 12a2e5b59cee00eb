import { WilderRsi } from 'millrace/backtest';
import { InvalidOptionError } from 'millrace/errors';
import { describe, expect, test } from 'vitest';

function rsi(length: number, closes: readonly number[]): number[] {
  const indicator = new WilderRsi(length);
  return closes.map((close) => indicator.next(close));
}

describe('Wilder RSI', () => {
  test('by hand, length 2: seed from plain averages, then smoothing', () => {
    // Changes +2 -1 | +3 | -4. Seed: gain 1, loss 0.5. Then gain (1 + 3) / 2 = 2, loss 0.25.
    // Then gain 1, loss (0.25 + 4) / 2 = 2.125. RSI = 100 gain / (gain + loss).
    const values = rsi(2, [10, 12, 11, 14, 10]);
    expect(values.slice(0, 2)).toEqual([Number.NaN, Number.NaN]);
    expect(values[2]).toBeCloseTo(100 / 1.5, 12);
    expect(values[3]).toBeCloseTo(200 / 2.25, 12);
    expect(values[4]).toBeCloseTo(100 / 3.125, 12);
  });

  test('length 14: the published worksheet of StockCharts ChartSchool (cs-rsi.xls)', () => {
    const closes = [
      44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931,
      46.0328, 45.614, 46.282, 46.282, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439, 46.2122, 46.2521, 45.7137,
      46.4515, 45.7835, 45.3548, 44.0288, 44.1783, 44.2181, 44.5672, 43.4205, 42.6628, 43.1314,
    ];
    const published = [
      70.5328, 66.3186, 66.5498, 69.4063, 66.3552, 57.9749, 62.9296, 63.2571, 56.0593, 62.3771, 54.7076,
      50.4228, 39.9898, 41.4605, 41.8689, 45.4632, 37.304, 33.0795, 37.773,
    ];
    const values = rsi(14, closes);
    expect(values.slice(0, 14).every(Number.isNaN)).toBe(true);
    values.slice(14).forEach((value, index) => {
      // The worksheet shows closes of four decimals and was computed from more.
      expect(Math.abs(value - (published[index] as number))).toBeLessThan(0.002);
    });
  });

  test('only gains are 100, only losses 0, no movement 50', () => {
    expect(rsi(3, [1, 2, 3, 4, 5]).at(-1)).toBe(100);
    expect(rsi(3, [5, 4, 3, 2, 1]).at(-1)).toBe(0);
    expect(rsi(3, [5, 5, 5, 5, 5]).at(-1)).toBe(50);
  });

  test.each([1, 0, -1, 2.5, 1001, Number.NaN])('a length of %d is refused', (length) => {
    expect(() => new WilderRsi(length)).toThrow(InvalidOptionError);
  });
});
