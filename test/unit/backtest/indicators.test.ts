import {
  type Candles,
  candlesFromRows,
  defineStrategy,
  type Indicator,
  type IndicatorBuilder,
  runBacktest,
} from 'millrace/backtest';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

/** 60 candles of prices with two decimals, by integers, so that other languages make the same ones. */
function prices(length = 60): Candles {
  let state = 12_345;
  const random = () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
  const round = (value: number) => Number(value.toFixed(2));
  let close = 100;
  const rows = Array.from({ length }, (_, index) => {
    close = round(close + (random() - 0.5) * 4);
    const high = round(close + random() * 2);
    const low = round(close - random() * 2);
    return { time: index * 86_400_000, open: close, high, low, close, volume: index };
  });
  return candlesFromRows(rows);
}

type Build = (build: IndicatorBuilder) => Readonly<Record<string, Indicator>>;

const ALL: Build = (build) => ({
  sma: build.sma(20),
  ema: build.ema(20),
  wma: build.wma(10),
  rsi: build.rsi(14),
  atr: build.atr(14),
  deviation: build.deviation(20),
  upper: build.bollinger(20).upper,
  lower: build.bollinger(20).lower,
  ...build.macd(),
  highest: build.highest(10, 'high'),
  lowest: build.lowest(10, 'low'),
  change: build.change(5),
  stochastic: build.stochastic(14),
});

/** The columns, as a strategy that is called on each candle sees them. */
function columns(candles: Candles, build: Build): Readonly<Record<string, readonly number[]>> {
  const seen: Record<string, number[]> = {};
  const strategy = defineStrategy({
    name: 'sees',
    parameters: z.object({}),
    indicators: (_, builder) => build(builder),
    warmUp: 0,
    onBar(ctx) {
      for (const [name, view] of Object.entries(ctx.indicators)) {
        seen[name] ??= [];
        seen[name].push(view.value);
      }
    },
  });
  runBacktest({ candles, strategy });
  return seen;
}

/**
 * The values at the last candle, computed by another program in another language with exact fractions, from the textbook
 * definitions: Wilder (1978) for RSI and ATR, Appel for MACD with averages that start from plain ones, Bollinger with the
 * deviation over n, Lane's %K without smoothing.
 */
const REFERENCE: Readonly<Record<string, number>> = {
  sma: 97.069,
  ema: 96.16831141989701,
  wma: 94.76036363636364,
  rsi: 39.27728241165963,
  atr: 2.20159566242941,
  deviation: 2.1794079471269256,
  upper: 101.42781589425385,
  lower: 92.71018410574615,
  line: -1.0032965242281662,
  signal: -0.5602883639485778,
  histogram: -0.4430081602795883,
  highest: 97.31,
  lowest: 92.85,
  change: -0.01793957196810743,
  stochastic: 9.571788413098236,
};

const candles = prices();
const all = columns(candles, ALL);

describe.each(Object.keys(REFERENCE))('the indicator %s', (name) => {
  const column = all[name] ?? [];

  test('has the value of the reference', () => {
    expect(column.at(-1)).toBeCloseTo(REFERENCE[name] as number, 9);
  });

  test('has its first value where it says, and none before', () => {
    let warmUp = 0;
    columns(candles, (build) => {
      warmUp = (ALL(build)[name] as Indicator).warmUp;
      return {};
    });
    expect(column.findIndex((value) => !Number.isNaN(value))).toBe(warmUp);
    expect(column.slice(warmUp).some(Number.isNaN)).toBe(false);
  });

  test('does not know what comes after a candle', () => {
    for (const length of [30, 45, 59]) {
      expect(columns(candles.prefix(length), ALL)[name]).toEqual(column.slice(0, length));
    }
  });
});

test('moving extremes are those of a plain search', () => {
  const long = prices(500);
  for (const length of [1, 2, 7, 100]) {
    const { top = [], bottom = [] } = columns(long, (build) => ({
      top: build.highest(length),
      bottom: build.lowest(length),
    }));
    for (let index = length - 1; index < 500; index += 13) {
      const window = long.close.slice(index - length + 1, index + 1);
      expect([top[index], bottom[index]]).toEqual([Math.max(...window), Math.min(...window)]);
    }
  }
});

test('an indicator of a strategy is computed once for the same candles, however often it is asked for', () => {
  let computed = 0;
  const own = prices(80);
  const build: Build = (builder) => ({
    own: builder.custom('twice(close)', 0, ({ close }) => {
      computed++;
      return close.map((value) => value * 2);
    }),
  });
  expect(columns(own, build).own?.[3]).toBe((own.close[3] as number) * 2);
  columns(own, build);
  expect(computed).toBe(1);
  columns(prices(81), build);
  expect(computed).toBe(2);
});

test('lengths that are none, and columns of another length, are refused by name', () => {
  expect(() => columns(candles, (build) => ({ a: build.sma(0) }))).toThrow(/length of sma is 0/);
  expect(() => columns(candles, (build) => ({ a: build.rsi(1.5) }))).toThrow(/length of rsi is 1.5/);
  expect(() =>
    columns(candles, (build) => ({ a: build.custom('short', 0, () => new Float64Array(3)) })),
  ).toThrow(/'custom short' must return a Float64Array with a value for each candle/);
});
