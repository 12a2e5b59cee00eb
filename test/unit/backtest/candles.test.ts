import { Candles, candlesFromRows, timeframeOf } from 'millrace/backtest';
import { InputError, InvalidOptionError } from 'millrace/errors';
import { describe, expect, test } from 'vitest';
import { candlesFromCloses, candlesOf, DAY, randomCandles, START } from '../../support/backtest/helpers.js';

describe('candles', () => {
  test('a buffer is looked at in place, not copied', () => {
    const candles = candlesFromCloses([1.5, 2.5, 3.5]);
    const same = Candles.fromShared(candles.buffer);
    expect(same.buffer).toBe(candles.buffer);
    expect([...same.close]).toEqual([1.5, 2.5, 3.5]);
    candles.close[1] = 2.25;
    expect(same.close[1]).toBe(2.25);
  });

  test.each([
    ['nothing', undefined],
    ['an ordinary buffer', new ArrayBuffer(64)],
    ['a small shared buffer', new SharedArrayBuffer(8)],
    ['a shared buffer of something else', new SharedArrayBuffer(64)],
  ])('%s is refused', (_, buffer) => {
    expect(() => Candles.fromShared(buffer)).toThrow(InputError);
  });

  test('the hash is of the content: equal for equal candles, another for any change', () => {
    const closes = [3, 4, 5];
    const hash = candlesFromCloses(closes).hash();
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(candlesFromCloses(closes).hash()).toBe(hash);
    expect(candlesFromCloses([3, 4, 5.000001]).hash()).not.toBe(hash);
    expect(candlesFromCloses([3, 4]).hash()).not.toBe(hash);
  });

  test('a prefix has the first candles in a buffer of its own', () => {
    const candles = randomCandles(1, 20);
    const prefix = candles.prefix(7);
    expect(prefix.length).toBe(7);
    expect([...prefix.low]).toEqual([...candles.low.subarray(0, 7)]);
    expect(prefix.buffer).not.toBe(candles.buffer);
    expect(() => candles.prefix(0)).toThrow(InvalidOptionError);
    expect(() => candles.prefix(21)).toThrow(InvalidOptionError);
  });

  test('rows are checked and counted from 1', () => {
    const good = { time: START, open: 2, high: 3, low: 1, close: 2, volume: 0 };
    expect(() => candlesFromRows([])).toThrow(/at least one row/);
    expect(() => candlesFromRows([good, { ...good, time: START + 1, high: 0.5 }])).toThrow(/^Row 2: high/);
    expect(() => candlesFromRows([good, good])).toThrow(/^Row 2: .*same date/);
    expect(() => candlesFromRows([{ ...good, time: START * 1000 }])).toThrow(/^Row 1: .*microseconds/);
    // As milliseconds, seconds from 1973 to 2100 are days of early 1970.
    expect(() => candlesFromRows([{ ...good, time: START / 1000 }])).toThrow(/^Row 1: .*seconds of 20/);
    expect(candlesFromRows([{ ...good, time: 60_000 }]).start).toBe(60_000);
    expect(() => candlesFromRows([{ ...good, time: 0.5 }])).toThrow(/^Row 1: time 0.5/);
  });
});

describe('timeframe', () => {
  const spaced = (...times: number[]) =>
    timeframeOf(
      candlesFromRows(times.map((time) => ({ time, open: 1, high: 1, low: 1, close: 1, volume: 0 }))),
    );

  test('is the usual distance; weekends and holes do not count', () => {
    expect(spaced(0, DAY, 2 * DAY, 5 * DAY, 6 * DAY)).toBe('1d');
    expect(spaced(0, 900_000, 1_800_000, 9_000_000)).toBe('15m');
    expect(spaced(0, 4 * 3_600_000)).toBe('4h');
    expect(spaced(0, 7 * DAY, 14 * DAY)).toBe('1w');
    expect(spaced(0, 31 * DAY, 60 * DAY, 91 * DAY)).toBe('1M');
    expect(timeframeOf(candlesOf([1, 1, 1, 1]))).toBe('unknown');
  });
});
