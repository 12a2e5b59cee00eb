import { buyAndHold, equityStatistics, readCandles, tradeStatistics } from 'millrace/backtest';
import { InvalidOptionError } from 'millrace/errors';
import { describe, expect, test } from 'vitest';
import { candlesFromCloses, candlesOf, DAY, START } from '../../support/backtest/helpers.js';

/** Statistics of equities one day apart unless said otherwise. */
function statistics(equity: readonly number[], initial = 100, step = DAY) {
  const time = Float64Array.from(equity, (_, index) => START + index * step);
  return equityStatistics(time, Float64Array.from(equity), initial);
}

describe('equity statistics', () => {
  test('a curve by hand: returns +10 %, -50 %, +100 %', () => {
    // 20 days apart, so that the span of 60 days is annualised: 365.25 / 20 periods a year.
    const result = statistics([100, 110, 55, 110], 100, 20 * DAY);
    expect(result.totalReturn).toBeCloseTo(0.1, 12);
    expect(result.maxDrawdown).toBe(0.5);
    expect(result.maxDrawdownDays).toBe(40);
    expect(result.peakCapital).toBe(110);
    expect(result.periodsPerYear).toBeCloseTo(18.2625, 10);
    expect(result.annualReturn).toBeCloseTo(1.1 ** (365.25 / 60) - 1, 10);
    // mean 0.2; squared distances 0.01 + 0.49 + 0.64 = 1.14, over n - 1 = 2
    const deviation = Math.sqrt(1.14 / 2);
    expect(result.annualVolatility).toBeCloseTo(deviation * Math.sqrt(18.2625), 10);
    expect(result.sharpe).toBeCloseTo((0.2 / deviation) * Math.sqrt(18.2625), 10);
    // downside: sqrt(0.25 / 3)
    expect(result.sortino).toBeCloseTo((0.2 / Math.sqrt(0.25 / 3)) * Math.sqrt(18.2625), 10);
    expect(result.calmar).toBeCloseTo((result.annualReturn as number) / 0.5, 12);
  });

  test('a loss against the initial capital is a drawdown, too', () => {
    expect(statistics([90, 95]).maxDrawdown).toBeCloseTo(0.1, 12);
  });

  test('a drawdown that does not end lasts until the end', () => {
    expect(statistics([100, 120, 110, 100, 119]).maxDrawdownDays).toBe(3);
  });

  test('what is undefined is null, never NaN or infinite', () => {
    const flat = statistics(Array.from({ length: 50 }, () => 100));
    expect(flat).toMatchObject({
      totalReturn: 0,
      annualReturn: 0,
      sharpe: null,
      sortino: null,
      calmar: null,
    });
    expect(statistics([100])).toMatchObject({ annualReturn: null, sharpe: null, annualVolatility: null });
    // Thirty percent in two days would be a growth rate of 10^20 percent.
    expect(statistics([100, 115, 130])).toMatchObject({ annualReturn: null, sharpe: null });
    // A constant rate of growth has no deviation but that of rounding.
    expect(statistics(Array.from({ length: 60 }, (_, day) => 100 * 1.01 ** day)).sharpe).toBeNull();
  });

  test('daily candles of the week are annualised by 261, all days by 365', () => {
    const year = Array.from({ length: 366 }, (_, day) => START + day * DAY);
    const weekdays = year.filter((time) => ![0, 6].includes(new Date(time).getUTCDay()));
    const perYear = (times: number[]) =>
      equityStatistics(
        Float64Array.from(times),
        Float64Array.from(times, () => 1),
        1,
      ).periodsPerYear;
    expect(perYear(year)).toBeCloseTo(365.25, 8);
    expect(perYear(weekdays)).toBeCloseTo(261, 0);
  });
});

/** Computed with Python's `statistics` and `math.fsum` from the same series. */
describe('figures of an independent computation', () => {
  test('daily closes of the S&P 500 over twenty years', () => {
    const path = new URL('../../../node_modules/vega-datasets/data/sp500-2000.csv', import.meta.url).pathname;
    const { time, close } = readCandles(path);
    const result = equityStatistics(time, close, close[0] as number);
    expect(result.periodsPerYear).toBeCloseTo(251.5838056680162, 9);
    expect(result.annualVolatility).toBeCloseTo(0.19874997839498085, 12);
    expect(result.sharpe).toBeCloseTo(0.2683827283364735, 12);
    expect(result.sortino).toBeCloseTo(0.3762171185812368, 12);
    expect(result.annualReturn).toBeCloseTo(0.034124133779111165, 11);
    expect(result.maxDrawdown).toBeCloseTo(0.5677538775030553, 12);
    expect(result.calmar).toBeCloseTo(0.06010374412445564, 10);
    expect(result.nulls).toEqual({});
  });

  test('minutes of forty days, annualised by the 525,960 minutes of a year', () => {
    const equity = [1000];
    let state = 12345;
    for (let minute = 0; minute < 40 * 1440; minute++) {
      state = Number((BigInt(state) * 1103515245n + 12345n) % 2147483648n);
      equity.push((equity[minute] as number) * (1 + (state / 2147483648 - 0.4999) * 0.001));
    }
    const result = statistics(equity, 1000, 60_000);
    expect(result.finalCapital).toBeCloseTo(1023.3001023093418, 8);
    expect(result.periodsPerYear).toBeCloseTo(525960, 6);
    expect(result.annualVolatility).toBeCloseTo(0.2092310598176154, 10);
    expect(result.sharpe).toBeCloseTo(1.1098100242440347, 8);
    expect(result.sortino).toBeCloseTo(1.5711858189487038, 8);
  });
});

describe('each null has its reason', () => {
  const month = (equity: readonly number[]) => statistics(equity, 100, 30 * DAY);
  const RATIOS = ['annualVolatility', 'sharpe', 'sortino'] as const;
  const nulls = (reasons: Readonly<Record<string, string>>) => reasons;

  test('a span of less than 30 days, however many candles it has; 30 days are enough', () => {
    const wave = (count: number) => Array.from({ length: count }, (_, index) => 100 + (index % 3));
    const short = statistics(wave(43_199), 100, 60_000);
    for (const name of [...RATIOS, 'annualReturn', 'calmar', 'periodsPerYear'] as const) {
      expect(short[name]).toBeNull();
      expect(short.nulls[name]).toBe('span-too-short');
    }
    const whole = statistics(wave(43_201), 100, 60_000);
    expect(whole.nulls).toEqual({});
    expect(whole.sharpe).toBeGreaterThan(0);
  });

  test.each([
    [
      'one candle',
      [100],
      { annualReturn: 'span-too-short', sharpe: 'span-too-short', calmar: 'span-too-short' },
    ],
    [
      'one return',
      [100, 110],
      { annualVolatility: 'too-few-returns', sharpe: 'too-few-returns', calmar: 'no-drawdown' },
    ],
    [
      'no change',
      [100, 100, 100],
      { sharpe: 'no-deviation', sortino: 'no-deviation', calmar: 'no-drawdown' },
    ],
    ['no loss', [100, 110, 130], { sortino: 'no-deviation', calmar: 'no-drawdown' }],
    ['an equity of 0', [100, 50, 0], { annualVolatility: 'ruined', sharpe: 'ruined', sortino: 'ruined' }],
    ['an equity below 0', [100, -5, 20], { annualVolatility: 'ruined', sharpe: 'ruined', sortino: 'ruined' }],
    ['an end below 0', [100, 50, -5], { annualReturn: 'ruined', calmar: 'ruined', sharpe: 'ruined' }],
    ['growth beyond all numbers', [1e-300, 1, 1e300], { annualReturn: 'not-finite', calmar: 'not-finite' }],
  ])('%s', (_what, equity, reasons) => {
    const result = month(equity);
    expect(result.nulls).toMatchObject(nulls(reasons));
    for (const [name, value] of Object.entries(result)) {
      if (name === 'nulls') continue;
      expect(value === null).toBe(Object.hasOwn(result.nulls, name));
      if (value !== null) expect(value).toSatisfy(Number.isFinite);
    }
  });

  test('below 0 nothing of the peak is left, and a loss of all is a rate of -1', () => {
    expect(month([100, -5, 20]).maxDrawdown).toBe(1);
    expect(month([100, -5]).totalReturn).toBeCloseTo(-1.05, 12);
    expect(month([100, 0]).annualReturn).toBe(-1);
  });

  test.each([
    ['NaN', [DAY, 2 * DAY], [1, Number.NaN], 1, /equity at index 1 is NaN/],
    ['infinite', [DAY, 2 * DAY], [Number.POSITIVE_INFINITY, 1], 1, /equity at index 0 is Infinity/],
    ['times that stand', [DAY, DAY], [1, 1], 1, /time at index 1 is 86400000/],
    ['a time that is none', [Number.NaN], [1], 1, /time at index 0 is NaN/],
    ['no values', [], [], 1, /0 times and 0 values/],
    ['a time too many', [DAY, 2 * DAY], [1], 1, /2 times and 1 values/],
    ['no capital', [DAY], [1], 0, /capital is 0/],
    ['an infinite capital', [DAY], [1], Number.POSITIVE_INFINITY, /capital is Infinity/],
  ])('%s: refused', (_what, time, equity, capital, message) => {
    const run = () => equityStatistics(Float64Array.from(time), Float64Array.from(equity), capital);
    expect(run).toThrow(InvalidOptionError);
    expect(run).toThrow(message);
  });
});

describe('trade statistics', () => {
  const trade = (profit: number, hours: number) => ({
    profit,
    profitFraction: profit / 100,
    holdingMs: hours * 3_600_000,
  });

  test('by hand', () => {
    expect(tradeStatistics([trade(30, 1), trade(-10, 2), trade(0, 3), trade(10, 6)])).toEqual({
      trades: 4,
      winning: 2,
      losing: 1,
      winRate: 0.5,
      profitFactor: 4,
      averageWin: 20,
      averageLoss: -10,
      expectancy: 7.5,
      bestTrade: 0.3,
      worstTrade: -0.1,
      averageHoldingHours: 3,
    });
  });

  test('without losses there is no profit factor, without trades no ratio at all', () => {
    expect(tradeStatistics([trade(5, 1)])).toMatchObject({
      profitFactor: null,
      averageLoss: null,
      winRate: 1,
    });
    expect(Object.values(tradeStatistics([])).filter((value) => value !== null)).toEqual([0, 0, 0]);
  });
});

test('a trade with a number that is not finite is refused', () => {
  const trade = { profit: 1, profitFraction: 1, holdingMs: 1 };
  for (const wrong of [
    { profit: Number.NaN },
    { profitFraction: Number.POSITIVE_INFINITY },
    { holdingMs: Number.NaN },
  ]) {
    expect(() => tradeStatistics([trade, { ...trade, ...wrong }])).toThrow(/trade at index 1/);
  }
});

describe('buy and hold', () => {
  test('buys at the first open and sells at the last close, paying twice', () => {
    const result = buyAndHold(candlesOf([50, 60, 40, 55], [55, 80, 50, 75]), 1000, 0.01);
    expect(result.finalCapital).toBeCloseTo((1000 / 50.5) * 75 * 0.99, 10);
    expect(result.totalReturn).toBeCloseTo(result.finalCapital / 1000 - 1, 12);
  });

  test('sees the drawdown of the candles', () => {
    expect(buyAndHold(candlesFromCloses([100, 200, 50, 300]), 1000, 0).maxDrawdown).toBe(0.75);
  });
});
