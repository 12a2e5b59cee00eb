import { buyAndHold, equityStatistics, tradeStatistics } from 'millrace/backtest';
import { describe, expect, test } from 'vitest';
import { candlesFromCloses, candlesOf, DAY, START } from './helpers.js';

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
