import type { NewEvent } from 'millrace';
import {
  type BacktestOptions,
  candlesFromRows,
  defineStrategy,
  loadStrategy,
  runBacktest,
  type StrategyContext,
} from 'millrace/backtest';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { DAY, type Data, randomCandles, START } from '../../support/backtest/helpers.js';
import { candlesOfDays, fillsOf, flat, runDays } from '../../support/backtest/two-markets.js';

describe('one account', () => {
  test('long in one market and short in the other add up to what the leverage allows', () => {
    const result = runDays(
      { A: flat(100, 0, 1, 2), B: flat(50, 0, 1, 2) },
      {
        0: (ctx) => {
          ctx.market('B').sell({ fraction: 0.6 });
          ctx.buy({ fraction: 1 });
        },
      },
      { leverage: 1 },
    );
    // 600 of B short brings cash in, and takes room all the same: A is filled first, with all of the equity.
    expect(fillsOf(result).slice(0, 1)).toEqual(['A buy 10 @ 100 on 1']);
    expect(result.orders.find(({ market }) => market === 'B')).toMatchObject({ status: 'rejected' });
    const twice = runDays(
      { B: flat(50, 0, 1, 2), A: flat(100, 0, 1, 2) },
      {
        0: (ctx) => {
          ctx.market('B').sell({ fraction: 0.6 });
          ctx.market('A').buy({ fraction: 1 });
        },
      },
    );
    expect(fillsOf(twice).slice(0, 2)).toEqual(['B sell 12 @ 50 on 1', 'A buy 4 @ 100 on 1']);
  });

  test('is liquidated as a whole, at the price at which its margin is used up', () => {
    // Long 20 of A at 100 and short 20 of B at 50, with 1,000: 3,000 are held with a leverage of three.
    const A = candlesOfDays(
      [0, 100, 100, 100, 100],
      [1, 100, 100, 100, 100],
      [2, 100, 100, 40, 45],
      [3, 45, 45, 45, 45],
    );
    const B = flat(50, 0, 1, 2, 3);
    const events: NewEvent[] = [];
    const result = runDays(
      { A, B },
      {
        0: (ctx) => {
          ctx.buy({ quantity: 20 });
          ctx.market('B').sell({ quantity: 20 });
        },
        1: (ctx) => ctx.market('B').buy({ limit: 1, quantity: 1 }),
      },
      { leverage: 3, maintenanceMargin: 0.1, level: 'full', emit: (event) => events.push(event) },
    );
    // Cash 1,000 − 2,000 + 1,000 = 0. At p: 20 p − 1,000 = 0.1 (20 p + 1,000), thus p = 1,100 / 18.
    const price = 1100 / 18;
    expect(
      result.fills.slice(2).map(({ market, price: at, time }) => [market, at, (time - START) / DAY]),
    ).toEqual([
      ['A', expect.closeTo(price, 9), 2],
      ['B', 50, 2],
    ]);
    expect(result.trades.map(({ reason }) => reason)).toEqual(['liquidation', 'liquidation']);
    expect(result.finalCapital).toBeCloseTo(20 * price - 1000, 6);
    expect(result.orders[2]).toMatchObject({ status: 'cancelled', reason: 'the account was liquidated' });
    const calls = events
      .filter(({ type }) => type === 'trading.margin_call_triggered')
      .map(({ data }) => data as Data);
    expect(calls.map(({ symbol, position_value }) => [symbol, Number(position_value)])).toEqual([
      ['A', expect.closeTo(20 * price, 6)],
      ['B', -1000],
    ]);
    for (const { current_margin_ratio, available_margin } of calls) {
      expect(Number(current_margin_ratio)).toBeCloseTo(0.1, 9);
      expect(Number(available_margin)).toBeCloseTo(0, 6);
    }
  });

  test('is liquidated at the closes when both markets used it up together, and neither alone', () => {
    const fall = [
      [0, 100, 100, 100, 100],
      [1, 100, 100, 100, 100],
      [2, 100, 100, 72, 75],
      [3, 75, 75, 75, 75],
    ] as const;
    const [A, B] = [candlesOfDays(...fall), candlesOfDays(...fall)];
    const result = runDays(
      { A, B },
      {
        0: (ctx) => {
          ctx.buy({ quantity: 10 });
          ctx.market('B').buy({ quantity: 10 });
        },
      },
      { leverage: 2, maintenanceMargin: 0.35 },
    );
    // −1,000 of cash. One alone at 72: 720 of 1,720 is more than 0.35. Both at 75: 500 of 1,500 is not.
    expect(fillsOf(result).slice(2)).toEqual(['A sell 10 @ 75 on 2', 'B sell 10 @ 75 on 2']);
    expect(result.trades.map(({ reason }) => reason)).toEqual(['liquidation', 'liquidation']);
    expect(result.finalCapital).toBe(500);
  });

  test('is liquidated at the opens, and what has no candle then at its next one', () => {
    const A = candlesOfDays(
      [0, 100, 100, 100, 100],
      [1, 100, 100, 100, 100],
      [2, 50, 50, 50, 50],
      [3, 50, 50, 50, 50],
    );
    const B = candlesOfDays([0, 100, 100, 100, 100], [1, 100, 100, 100, 100], [3, 90, 90, 90, 90]);
    const result = runDays(
      { A, B },
      {
        0: (ctx) => {
          ctx.buy({ quantity: 20 });
          ctx.market('B').buy({ quantity: 10 });
        },
      },
      { leverage: 3, maintenanceMargin: 0.01 },
    );
    // 1,000 − 3,000 + 20 × 50 + 10 × 100 = 0 on day 2; after A is sold nothing is left, and B goes at its next open.
    expect(fillsOf(result).slice(2)).toEqual(['A sell 20 @ 50 on 2', 'B sell 10 @ 90 on 3']);
    expect(result.finalCapital).toBe(-100);
  });
});

describe('candles by market', () => {
  const strategy = defineStrategy({ name: 'idle', parameters: z.object({}), onBar: () => undefined });
  const run = (candles: never, more = {}) => runBacktest({ candles, strategy, ...more });

  test('of one market are that market, to the last byte', async () => {
    const candles = randomCandles(9, 300);
    const options = { strategy: await loadStrategy('ma-cross'), parameters: { fast: 3, slow: 9 } };
    const told = (one: Pick<BacktestOptions, 'candles' | 'symbol'>) => {
      const events: NewEvent[] = [];
      const result = runBacktest({ ...options, ...one, level: 'full', emit: (event) => events.push(event) });
      return [result, events.filter(({ type }) => !/loaded|backtest.completed/.test(type))];
    };
    expect(told({ candles: { 'KRW-BTC': candles } })).toEqual(told({ candles, symbol: 'KRW-BTC' }));
  });

  test('that are of different lengths, or begin within each other, are refused', () => {
    const hours = (step: number, shift: number, count = 12) =>
      candlesFromRows(
        Array.from({ length: count }, (_, at) => {
          return {
            time: START + (at * step + shift) * 3_600_000,
            open: 1,
            high: 1,
            low: 1,
            close: 1,
            volume: 1,
          };
        }),
      );
    const both = (B: unknown) => () => run({ A: hours(1, 0), B } as never);
    expect(both(hours(24, 0))).toThrow("the candles of 'A' are of 1h, those of 'B' of 1d");
    expect(both(hours(1, 0.5))).toThrow('begins at 2024-01-01T00:30:00.000Z, within one of another market');
    expect(both(hours(1, 0.5))).toThrow(expect.objectContaining({ code: 'MILLRACE_INVALID_OPTION' }));
    // Silent most of the time, but of hours.
    const sparse = candlesFromRows(
      [0, 3, 6, 9, 10].map((hour) => {
        return { time: START + hour * 3_600_000, open: 1, high: 1, low: 1, close: 1, volume: 1 };
      }),
    );
    expect(both(sparse)).not.toThrow();
  });

  test.each([
    [{}, "'candles' has 0 markets"],
    [{ A: 'a.csv' }, "market 'A': 'candles' must be Candles"],
    [{ '': flat(1, 0) }, "the name of a market' is empty"],
  ])('are refused when they are none: %o', (candles, message) => {
    expect(() => run(candles as never)).toThrow(message);
    expect(() => run(candles as never)).toThrow(expect.objectContaining({ code: 'MILLRACE_INVALID_OPTION' }));
  });

  test('have names, and take no other; finer candles say of which they are', () => {
    const two = { A: flat(1, 0, 1), B: flat(2, 0, 1) } as never;
    expect(() => run(two, { symbol: 'C' })).toThrow("'symbol' names one market");
    expect(() => run(two, { finer: flat(1, 0, 1) })).toThrow("'finer' must say of which market");
    expect(() => run(two, { finer: { C: flat(1, 0, 1) } })).toThrow("'finer' has the market 'C'");
    expect(() => runDays(two, { 0: (ctx) => void ctx.market('C') })).toThrow("There is no market 'C'");
  });
});

test('the benchmark holds an equal part of each market, from its own first open', () => {
  const A = candlesOfDays([0, 100, 100, 100, 100], [1, 100, 150, 100, 150], [2, 150, 150, 150, 150]);
  const B = candlesOfDays([1, 10, 10, 10, 10], [2, 20, 20, 20, 20]);
  const { benchmark } = runDays({ A, B }, {});
  // 5 of A at 100; 500 wait for day 1 and buy 50 of B at 10.
  expect([...benchmark.equity]).toEqual([1000, 1250, 1750]);
  // With a tenth of commission: 500 / 110 and 500 / 11, and a tenth of the last value.
  const costly = runDays({ A, B }, {}, { commission: 0.1 }).benchmark.equity;
  expect(costly[1]).toBeCloseTo((500 / 110) * 150 + (500 / 11) * 10, 9);
  expect(costly[2]).toBeCloseTo(((500 / 110) * 150 + (500 / 11) * 20) * 0.9, 9);
});

test('finer candles decide within the market that they are of, and funding is paid by the market that has rates', () => {
  const quarters = (prices: readonly number[]) =>
    candlesFromRows(
      prices.map((price, at) => {
        return {
          time: START + (at * DAY) / 2,
          open: price,
          high: price,
          low: price,
          close: price,
          volume: 1,
        };
      }),
    );
  const A = candlesOfDays(
    [0, 100, 100, 100, 100],
    [1, 100, 120, 100, 120],
    [2, 120, 120, 80, 80],
    [3, 80, 80, 80, 80],
  );
  const B = candlesFromRows(
    [0, 1, 2, 3].map((day) => {
      return {
        time: START + day * DAY,
        open: 50,
        high: 50,
        low: 50,
        close: 50,
        volume: 1,
        funding: day === 2 ? 0.01 : 0,
      };
    }),
  );
  const finer = { A: quarters([100, 100, 100, 120, 120, 80, 80, 80]) };
  const acts = {
    0: (ctx: StrategyContext) => {
      ctx.buy({ quantity: 1, stopLoss: 90 });
      ctx.market('B').sell({ quantity: 4 });
    },
  };
  const result = runDays({ A, B }, acts, { finer });
  expect(fillsOf(result).slice(2, 3)).toEqual(['A sell 1 @ 80 on 2']);
  expect(fillsOf(runDays({ A, B }, acts)).slice(2, 3)).toEqual(['A sell 1 @ 90 on 2']);
  expect(result.finer).toEqual({ timeframe: '12h', covered: 4, decided: 1 });
  // Short 4 × 50 receives a hundredth; A's trade has no funding, because its candles have no rates.
  expect([result.funding, result.trades.map(({ funding }) => funding)]).toEqual([2, [undefined, 2]]);
  expect(result.finalCapital).toBe(1000 - 20 + 2);
  const others = quarters([100, 100, 100, 120, 120, 80, 80, 80]);
  others.volume.fill(2);
  expect(runDays({ A, B }, acts, { finer: { A: others } }).identity.finerHash).not.toBe(
    result.identity.finerHash,
  );
});

test('orders, records and cancels name their market, and numbers are those of the run', () => {
  let number = 0;
  const result = runDays(
    { A: flat(10, 0, 1, 2), B: flat(20, 0, 1, 2) },
    {
      0: (ctx) => {
        ctx.buy({ limit: 5, quantity: 1 });
        number = ctx.market('B').buy({ limit: 5, quantity: 1 });
        ctx.market('B').buy({ limit: 6, quantity: 1 });
        expect([ctx.openOrders.length, ctx.market('B').openOrders.length]).toEqual([1, 2]);
        expect(() => ctx.oneCancelsOther(1, 2)).toThrow('of one market');
        ctx.market('B').record('x', 7);
        ctx.record('x', 3);
        ctx.log('line');
      },
      1: (ctx) => {
        expect([ctx.cancel(number), ctx.cancel(number)]).toEqual([true, false]);
        ctx.cancelAll();
        expect(ctx.market('B').openOrders.map((order) => order.number)).toEqual([3]);
      },
    },
  );
  expect(result.orders.map((order) => [order.number, order.market, order.status])).toEqual([
    [1, 'A', 'cancelled'],
    [2, 'B', 'cancelled'],
    [3, 'B', 'expired'],
  ]);
  expect(result.plots.map(({ name, market, values }) => [name, market, values[0]])).toEqual([
    ['B x', 'B', 7],
    ['x', undefined, 3],
  ]);
});
