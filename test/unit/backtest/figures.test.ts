import {
  drawdownsOf,
  equityStatistics,
  expectedBestSharpe,
  type Figure,
  fullStatistics,
  probabilisticSharpe,
  readCandles,
} from 'millrace/backtest';
import { InvalidOptionError } from 'millrace/errors';
import { describe, expect, test } from 'vitest';
import { DAY, START } from '../../support/backtest/helpers.js';

type Given = Parameters<typeof fullStatistics>[0];
type Trade = Given['trades'][number];

/** A result of which only the curve and the trades count. */
function resultOf(
  time: Float64Array,
  equity: Float64Array,
  initialCapital: number,
  { benchmark = equity, trades = [] }: { benchmark?: Float64Array; trades?: readonly Trade[] } = {},
): Given {
  return {
    equity: { time, equity, position: new Float64Array(time.length) },
    benchmark: {
      name: 'buy and hold',
      equity: benchmark,
      statistics: equityStatistics(time, benchmark, initialCapital),
    },
    settings: { initialCapital },
    trades,
    exposure: 0.5,
    turnover: 100,
    commission: 1,
  };
}

function curve(values: readonly number[], step = DAY, initial = 100) {
  const time = Float64Array.from(values, (_, index) => START + index * step);
  return fullStatistics(resultOf(time, Float64Array.from(values), initial));
}

function tradeOf(profit: number, index: number): Trade {
  return {
    number: index + 1,
    position: index + 1,
    side: index % 3 === 0 ? 'short' : 'long',
    quantity: 1,
    entryPrice: 100,
    exitPrice: 100 + profit,
    entryTime: START + index * DAY,
    exitTime: START + index * DAY + (index + 1) * 3_600_000,
    entryIndex: index,
    exitIndex: index + 1,
    profit,
    profitFraction: profit / 1000,
    holdingMs: (index + 1) * 3_600_000,
    commission: 0,
    reason: 'signal',
    worst: -0.01 * index,
    best: 0.02,
    tag: null,
  };
}

const numberOf = ({ value }: Figure) => value as number;

/** The generator of the reference computations: Python's integers do not overflow, and neither do these. */
function* chance(seed: bigint): Generator<number> {
  for (let state = seed; ; ) {
    state = (state * 1103515245n + 12345n) % 2147483648n;
    yield Number(state) / 2147483648;
  }
}

/**
 * Computed with Python 3.13, NumPy 2.4 (`mean`, `std(ddof=1)`, `quantile`, `cov`, `corrcoef`, `maximum.accumulate`) and
 * `statistics.NormalDist` from the same series, which are the daily closes of the S&P 500 in vega-datasets 3.2.1, and
 * two of the generator above.
 */
describe('figures of an independent computation', () => {
  const { time, close } = readCandles(
    new URL('../../../node_modules/vega-datasets/data/sp500-2000.csv', import.meta.url).pathname,
  );

  test('of the daily closes of the S&P 500 over twenty years', () => {
    const all = fullStatistics(resultOf(time, close, close[0] as number));
    expect(all.annualisation).toMatchObject({ from: 'data' });
    expect(all.annualisation?.barsPerYear).toBeCloseTo(251.5838056680162, 9);
    expect(all.perBar.count).toBe(5104);
    expect(numberOf(all.perBar.mean)).toBeCloseTo(0.00021202104530069663, 15);
    expect(numberOf(all.perBar.deviation)).toBeCloseTo(0.012530423486564834, 14);
    expect(numberOf(all.perBar.sharpe)).toBeCloseTo(0.01692050117284754, 13);
    expect(numberOf(all.perDay.sharpe)).toBeCloseTo(0.016918843693975952, 13);
    expect(numberOf(all.sharpe)).toBeCloseTo(0.2683827283364735, 12);
    expect(numberOf(all.sortino)).toBeCloseTo(0.3762171185812368, 12);
    expect(numberOf(all.annualVolatility)).toBeCloseTo(0.19874997839498085, 12);
    expect(numberOf(all.annualReturn)).toBeCloseTo(0.034124133779111165, 11);
    expect(numberOf(all.calmar)).toBeCloseTo(0.06010374412445564, 10);
    expect(numberOf(all.skewness)).toBeCloseTo(-0.12262930675083866, 11);
    expect(numberOf(all.kurtosis)).toBeCloseTo(14.01711499166723, 9);
    expect(numberOf(all.probabilisticSharpe)).toBeCloseTo(0.8862661754366312, 11);
    expect(numberOf(all.omega)).toBeCloseTo(1.053565388256259, 11);
    expect(numberOf(all.valueAtRisk)).toBeCloseTo(-0.018936982432978276, 13);
    expect(numberOf(all.expectedShortfall)).toBeCloseTo(-0.030224659216643492, 13);
    expect(all.drawdowns.count).toBe(135);
    expect(all.drawdowns.average).toBeCloseTo(0.025514033403442528, 12);
    expect(all.drawdowns.worst).toMatchObject({
      start: Date.UTC(2007, 9, 9),
      bottomTime: Date.UTC(2009, 2, 9),
      fraction: expect.closeTo(0.5677538775030553, 12),
    });
    const { peak = 0, bottom = 0 } = all.drawdowns.worst ?? {};
    expect(peak - bottom).toBeCloseTo(888.619995, 6);
    expect(numberOf(all.beta)).toBeCloseTo(1, 12);
    expect(numberOf(all.alpha)).toBeCloseTo(0, 12);
  });

  test('of a curve against its benchmark', () => {
    const next = chance(7n);
    const equity = close.map(() => 1000);
    for (let day = 1; day < equity.length; day++) {
      const change = (close[day] as number) / (close[day - 1] as number) - 1;
      const noise = ((next.next().value as number) - 0.499) * 0.01;
      equity[day] = (equity[day - 1] as number) * (1 + 0.5 * change + noise);
    }
    const all = fullStatistics(resultOf(time, equity, 1000, { benchmark: close }));
    expect(all.finalCapital).toBeCloseTo(1599.8045926131078, 7);
    expect(numberOf(all.beta)).toBeCloseTo(0.49625307864091295, 11);
    expect(numberOf(all.correlation)).toBeCloseTo(0.9074733414655868, 11);
    expect(numberOf(all.alpha)).toBeCloseTo(0.002600697926246613, 12);
  });

  test('of a week of minutes, which is annualised by the calendar', () => {
    const next = chance(12345n);
    const minutes = [1000];
    while (minutes.length < 7 * 1440) {
      minutes.push((minutes.at(-1) as number) * (1 + ((next.next().value as number) - 0.4999) * 0.001));
    }
    const all = curve(minutes, 60_000, 1000);
    expect(all.annualisation).toEqual({ barsPerYear: 525_600, daysPerYear: 365, from: 'calendar' });
    expect(numberOf(all.perBar.sharpe)).toBeCloseTo(0.006776016523483025, 11);
    expect(numberOf(all.sharpe)).toBeCloseTo(4.9124951502649115, 8);
    expect(numberOf(all.annualVolatility)).toBeCloseTo(0.20990349207775363, 11);
    expect(all.perDay.count).toBe(7);
    expect(numberOf(all.perDay.mean)).toBeCloseTo(0.002810063873529873, 12);
    expect(numberOf(all.perDay.deviation)).toBeCloseTo(0.009907046492673646, 12);
    expect(numberOf(all.perDay.sharpe)).toBeCloseTo(0.2836429480378377, 11);
    // A growth rate over a week would be meaningless.
    expect(all.annualReturn).toEqual({ value: null, reason: 'span-too-short' });
    expect(all.valueAtRisk).toEqual({ value: null, reason: 'too-few-returns' });
  });

  test('of ten trades', () => {
    const profits = [120, -50, 30, -20, -70, 200, 10, -40, 60, 90];
    const one = Float64Array.of(START);
    const { trades } = fullStatistics(
      resultOf(one, Float64Array.of(100), 100, { trades: profits.map(tradeOf) }),
    );
    expect(trades).toMatchObject({
      count: 10,
      long: 6,
      short: 4,
      longestWinStreak: 2,
      longestLossStreak: 2,
      shortestHoldingMs: 3_600_000,
      longestHoldingMs: 36_000_000,
      winRate: { value: 0.6 },
      expectancy: { value: 33 },
      bestTrade: { value: 0.2 },
      worstTrade: { value: -0.07 },
    });
    expect(trades.sqn).toBeCloseTo(1.2222222222222223, 12);
    expect(trades.payoffRatio).toBeCloseTo(1.8888888888888888, 12);
    expect(trades.kelly).toBeCloseTo(0.388235294117647, 12);
    expect(numberOf(trades.profitFactor)).toBeCloseTo(2.8333333333333335, 12);
    expect(trades.averageWorst).toBeCloseTo(-0.045, 12);
    expect(trades.averageBest).toBeCloseTo(0.02, 12);
  });
});

/** The example of Bailey and López de Prado, "The Deflated Sharpe Ratio" (2014), which prints 0.1132 and 0.9004. */
test('the deflated Sharpe ratio of its authors’ example comes out', () => {
  const threshold = expectedBestSharpe(100, 1 / 2 / 250);
  expect(threshold).toBeCloseTo(0.1132, 4);
  const moments = { count: 1250, skewness: -3, kurtosis: 10 };
  expect(probabilisticSharpe(2.5 / Math.sqrt(250), moments, threshold)).toBeCloseTo(0.9003968344493904, 12);
  expect(expectedBestSharpe(1, 1)).toBe(0);
});

describe('how values per bar become values per year', () => {
  const factorOf = (times: readonly number[]) =>
    fullStatistics(
      resultOf(
        Float64Array.from(times),
        Float64Array.from(times, () => 1),
        1,
      ),
    ).annualisation;
  const monday = Date.UTC(2024, 0, 1);
  const session = (day: number) =>
    Array.from({ length: 390 }, (_, minute) => monday + day * DAY + (870 + minute) * 60_000);

  test('sessions of an exchange have 252 days a year', () => {
    const days = [0, 1, 2, 3, 4, 7, 8].flatMap(session);
    expect(factorOf(days)).toEqual({ barsPerYear: 390 * 252, daysPerYear: 252, from: 'calendar' });
    expect(factorOf([0, 1, 2].flatMap(session))).toMatchObject({ daysPerYear: 252 });
  });

  test('a market around the clock has 365, also between Monday and Friday', () => {
    const hours = Array.from({ length: 24 * 4 }, (_, hour) => monday + hour * 3_600_000);
    expect(factorOf(hours)).toEqual({ barsPerYear: 24 * 365, daysPerYear: 365, from: 'calendar' });
  });

  test('of two days no factor is known, and no annual value', () => {
    const all = curve(
      Array.from({ length: 40 }, (_, index) => 100 + (index % 7)),
      3_600_000,
    );
    expect(all.annualisation).toBeNull();
    expect(all.sharpe).toEqual({ value: null, reason: 'span-too-short' });
    expect(numberOf(all.perBar.sharpe)).toBeGreaterThan(0);
  });
});

describe('a figure that there is none of says why', () => {
  test.each<[string, readonly number[], Readonly<Record<string, string>>]>([
    [
      'one bar',
      [100],
      { sharpe: 'too-few-returns', annualReturn: 'span-too-short', beta: 'too-few-returns' },
    ],
    [
      'no change',
      Array.from({ length: 60 }, () => 100),
      { sharpe: 'no-deviation', beta: 'no-deviation', calmar: 'no-drawdown', omega: 'no-deviation' },
    ],
    [
      'a ruined account',
      Array.from({ length: 60 }, (_, day) => 100 - 2 * day),
      { sharpe: 'ruined', omega: 'ruined', valueAtRisk: 'ruined', beta: 'ruined', annualReturn: 'ruined' },
    ],
  ])('%s', (_what, equity, reasons) => {
    const all = curve(equity) as unknown as Record<string, Figure>;
    for (const [name, reason] of Object.entries(reasons)) expect(all[name]).toEqual({ value: null, reason });
  });

  test('no trades, no wins, no losses', () => {
    const of = (...profits: readonly number[]) =>
      fullStatistics(
        resultOf(Float64Array.of(START), Float64Array.of(100), 100, { trades: profits.map(tradeOf) }),
      ).trades;
    expect(of()).toMatchObject({
      winRate: { reason: 'no-trades' },
      profitFactor: { reason: 'no-trades' },
      sqn: null,
      kelly: null,
    });
    expect(of(5, 6)).toMatchObject({
      profitFactor: { reason: 'no-losses' },
      averageLoss: { reason: 'no-losses' },
      payoffRatio: null,
    });
    expect(of(-5)).toMatchObject({
      averageWin: { reason: 'no-wins' },
      profitFactor: { value: 0 },
      sqn: null,
    });
    // All trades alike have no deviation to divide by.
    expect(of(5, 5, 5).sqn).toBeNull();
  });

  test('numbers that are not finite are refused', () => {
    expect(() => curve([100, Number.NaN])).toThrow(InvalidOptionError);
  });
});

test('drawdowns have a peak, a bottom and an end, and the last may have none', () => {
  const values = Float64Array.of(95, 100, 110, 55, 60, 110, 120, 108);
  const time = values.map((_, day) => day * DAY);
  expect(drawdownsOf(time, values, 100)).toEqual([
    { start: 0, peak: 100, bottomTime: 0, bottom: 95, end: DAY, fraction: 0.05, durationMs: DAY },
    {
      start: 2 * DAY,
      peak: 110,
      bottomTime: 3 * DAY,
      bottom: 55,
      end: 5 * DAY,
      fraction: 0.5,
      durationMs: 3 * DAY,
    },
    {
      start: 6 * DAY,
      peak: 120,
      bottomTime: 7 * DAY,
      bottom: 108,
      end: null,
      fraction: 0.1,
      durationMs: DAY,
    },
  ]);
  expect(drawdownsOf(Float64Array.of(0), Float64Array.of(-5), 100)[0]?.fraction).toBe(1);
});
