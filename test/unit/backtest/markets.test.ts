import type { NewEvent } from 'millrace';
import {
  type BacktestOptions,
  candlesFromRows,
  checkLookAhead,
  checkRepeat,
  defineStrategy,
  loadStrategy,
  runBacktest,
  type StrategyContext,
} from 'millrace/backtest';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { DAY, type Data, randomCandles, START } from '../../support/backtest/helpers.js';
import { candlesOfDays, fillsOf, flat, runDays } from '../../support/backtest/two-markets.js';

describe('two markets on one clock', () => {
  test('fill at the same time from one account, and each is valued at its own close', () => {
    const A = candlesOfDays([0, 100, 100, 100, 100], [1, 100, 110, 100, 110], [2, 110, 120, 110, 120]);
    const B = candlesOfDays([0, 50, 50, 50, 50], [1, 50, 50, 40, 40], [2, 40, 40, 30, 30]);
    const result = runDays(
      { A, B },
      {
        0: (ctx) => {
          ctx.buy({ quantity: 5 });
          ctx.market('B').sell({ quantity: 4 });
        },
      },
    );
    expect(fillsOf(result)).toEqual([
      'A buy 5 @ 100 on 1',
      'B sell 4 @ 50 on 1',
      'A sell 5 @ 120 on 2',
      'B buy 4 @ 30 on 2',
    ]);
    // 1,000 − 500 + 200 = 700 of cash; 700 + 5 × 110 − 4 × 40 = 1,090; 700 + 600 − 120 = 1,180.
    expect([...result.equity.equity]).toEqual([1000, 1090, 1180]);
    expect(result.trades.map(({ market, side, profit }) => [market, side, profit])).toEqual([
      ['A', 'long', 100],
      ['B', 'short', 80],
    ]);
    expect(result.equity.positions).toEqual({ A: Float64Array.of(0, 5, 0), B: Float64Array.of(0, -4, 0) });
    expect(result.fills.map(({ cashAfter }) => cashAfter)).toEqual([500, 700, 1300, 1180]);
    expect(result.finalCapital).toBe(1180);
  });

  test('a market without a candle keeps its last one, and is filled at its next', () => {
    const A = flat(10, 0, 1, 2, 3);
    const B = candlesOfDays([0, 20, 20, 20, 20], [3, 26, 27, 25, 27], [4, 27, 27, 27, 27]);
    const seen: unknown[] = [];
    const result = runDays(
      { A, B },
      {
        0: (ctx) => ctx.market('B').buy({ quantity: 10 }),
        1: (ctx) =>
          seen.push([ctx.isNew, ctx.market('B').isNew, ctx.market('B').close, ctx.market('B').index]),
        3: (ctx) =>
          seen.push([ctx.isNew, ctx.market('B').isNew, ctx.market('B').close, ctx.market('B').index]),
      },
    );
    expect(seen).toEqual([
      [true, false, 20, 0],
      [true, true, 27, 1],
    ]);
    expect(fillsOf(result)).toEqual(['B buy 10 @ 26 on 3', 'B sell 10 @ 27 on 4']);
    expect([...result.equity.equity]).toEqual([1000, 1000, 1000, 1010, 1010]);
  });

  test('the strategy is asked once per time, also where only one market has a candle', () => {
    const times: unknown[] = [];
    const note = (ctx: StrategyContext) =>
      times.push([(ctx.now() - START) / DAY, ctx.index, ctx.market('B').index]);
    runDays({ A: flat(1, 0, 2, 3), B: flat(2, 1, 2, 4) }, { 0: note, 1: note, 2: note, 3: note, 4: note });
    expect(times).toEqual([
      [0, 0, -1],
      [1, 0, 0],
      [2, 1, 1],
      [3, 2, 1],
      [4, 2, 2],
    ]);
  });

  test('an order for a market that has no candle yet is rejected, and its prices are NaN', () => {
    const events: NewEvent[] = [];
    const result = runDays(
      { A: flat(1, 0, 1, 2), B: flat(2, 1, 2) },
      {
        0: (ctx) => {
          const B = ctx.market('B');
          expect([B.close, B.position, B.isWarm, B.candles.length]).toEqual([Number.NaN, 0, false, 0]);
          expect(() => B.candles.close()).toThrow('none yet');
          expect(() => B.signal('BUY', { reason: 'x' })).toThrow("'B' has no candle yet");
          B.buy({ quantity: 1 });
          B.target(1);
          B.sell({ trailFraction: 0.1 });
        },
      },
      { level: 'full', emit: (event) => events.push(event) },
    );
    expect(result.orders.map(({ market, status, reason }) => [market, status, reason])).toEqual(
      [1, 2, 3].map(() => ['B', 'rejected', 'the market has no candle yet']),
    );
    expect(result.fills).toEqual([]);
    const failed = events
      .filter(({ type }) => type === 'trading.order_failed')
      .map(({ data }) => data as Data);
    expect(failed.map(({ symbol, exec_type }) => [symbol, exec_type])).toEqual([
      ['B', 'rejected'],
      ['B', 'denied'],
      ['B', 'denied'],
    ]);
  });

  test('an account that is out of cash rejects what the other market wants', () => {
    const result = runDays(
      { A: flat(100, 0, 1, 2), B: flat(50, 0, 1, 2) },
      {
        0: (ctx) => {
          ctx.buy({ quantity: 8 });
          ctx.market('B').buy({ quantity: 5 });
          ctx.market('B').buy({ fraction: 1 });
          ctx.market('B').buy({ quantity: 1 });
        },
      },
    );
    // Of 1,000 there are 200 left after A: five of B are too many, and all that there is room for is four.
    expect(result.orders.slice(0, 4).map(({ status, filledQuantity }) => [status, filledQuantity])).toEqual([
      ['filled', 8],
      ['rejected', 0],
      ['filled', 4],
      ['rejected', 0],
    ]);
    expect(result.orders[1]?.reason).toBe('the account has room for 4 of 5');
  });

  test('what is filled first at one time is what the record names first', () => {
    const act = {
      0: (ctx: StrategyContext) => {
        ctx.market('B').buy({ quantity: 10 });
        ctx.market('A').buy({ quantity: 10 });
      },
    };
    const [A, B] = [flat(100, 0, 1), flat(100, 0, 1)];
    expect(fillsOf(runDays({ A, B }, act))[0]).toBe('A buy 10 @ 100 on 1');
    expect(fillsOf(runDays({ B, A }, act))[0]).toBe('B buy 10 @ 100 on 1');
    expect(runDays({ A, B }, act).identity.dataHash).not.toBe(runDays({ B, A }, act).identity.dataHash);
  });

  test('sizes by fraction and target are of the equity of all markets', () => {
    const A = candlesOfDays([0, 100, 100, 100, 100], [1, 100, 200, 100, 200], [2, 200, 200, 200, 200]);
    const B = flat(10, 0, 1, 2);
    const result = runDays(
      { A, B },
      {
        0: (ctx) => ctx.target(0.5),
        1: (ctx) => {
          expect([ctx.equity, ctx.market('B').equity, ctx.cash]).toEqual([1500, 1500, 500]);
          ctx.market('B').buy({ fraction: 0.25 });
        },
      },
    );
    // A quarter of 1,500.
    expect(fillsOf(result).slice(0, 2)).toEqual(['A buy 5 @ 100 on 1', 'B buy 37.5 @ 10 on 2']);
  });
});

describe('nothing of a later candle is known', () => {
  test('an order that is made in the fill of another market sleeps through the candle of its own', () => {
    // A's stop is reached somewhere in day 1; B opens at 50 and falls to 40 that day. Nobody knows which came first.
    const A = candlesOfDays([0, 100, 100, 100, 100], [1, 100, 106, 100, 106], [2, 106, 106, 106, 106]);
    const B = candlesOfDays([0, 55, 55, 55, 55], [1, 50, 50, 40, 45], [2, 44, 48, 39, 47]);
    for (const markets of [
      { A, B },
      { B, A },
    ]) {
      const seen: unknown[] = [];
      const result = runDays(
        markets,
        { 0: (ctx) => ctx.market('A').buy({ stop: 105, quantity: 1 }) },
        {},
        (ctx, fill) => {
          if (fill.market !== 'A') return;
          const other = ctx.market('B');
          seen.push([other.close, other.index, ctx.now() - START, fill.index]);
          other.buy({ quantity: 1 });
          other.buy({ limit: 42, quantity: 1 });
          other.sell({ trailFraction: 0.1, quantity: 1, reduceOnly: true });
          seen.push(other.openOrders.map(({ stop }) => stop));
        },
      );
      // Only the close before the fill is known; the trailing stop stands ten percent below it.
      expect(seen).toEqual([
        [55, 0, DAY, 1],
        [Number.NaN, Number.NaN, 49.5],
      ]);
      expect(
        fillsOf(result)
          .filter((text) => !text.startsWith('A'))
          .slice(0, 2),
      ).toEqual(['B buy 1 @ 44 on 2', 'B sell 1 @ 44 on 2']);
      expect(result.orders.filter(({ market }) => market === 'B')[1]).toMatchObject({
        index: 1,
        filledQuantity: 1,
        averagePrice: 42,
      });
    }
  });

  test('an order that is made at an open is not filled at the same open of a market behind it', () => {
    const A = candlesOfDays([0, 100, 100, 100, 100], [1, 100, 100, 100, 100], [2, 100, 100, 100, 100]);
    const B = candlesOfDays([0, 50, 50, 50, 50], [1, 51, 52, 51, 52], [2, 53, 53, 53, 53]);
    const act = { 0: (ctx: StrategyContext) => ctx.buy({ quantity: 1 }) };
    const fill = (ctx: StrategyContext, { market }: { market?: string }) => {
      if (market === 'A') ctx.market('B').buy({ quantity: 1 });
    };
    expect(fillsOf(runDays({ A, B }, act, {}, fill))).toContain('B buy 1 @ 53 on 2');
    const closes = fillsOf(runDays({ A, B }, act, { fill: 'next_close' }, fill));
    expect(closes).toContain('B buy 1 @ 53 on 2');
    expect(closes).not.toContain('B buy 1 @ 52 on 1');
  });

  test('the prefix test passes for an honest strategy, and finds an indicator that knows the next candle', async () => {
    const A = randomCandles(5, 220);
    const B = candlesFromRows(rowsOf(randomCandles(6, 220)).filter((_, day) => day > 40 && day % 7 !== 3));
    const both = { A, B };
    const honest = defineStrategy({
      name: 'honest',
      parameters: z.object({}),
      indicators: (_, build) => ({ fast: build.sma(3), slow: build.sma(9) }),
      onBar(ctx) {
        for (const name of ctx.markets) {
          const market = ctx.market(name);
          const { fast, slow } = market.indicators;
          if (!market.isNew || !market.isWarm) continue;
          if (fast.crossedAbove(slow)) market.target(0.5, { trailingFraction: 0.03 });
          if (fast.crossedBelow(slow))
            market.target(-0.4, { stopLossFraction: 0.02, takeProfitFraction: 0.05 });
          market.record('fast', fast.value, 'price');
        }
      },
      onFill(ctx, { market }) {
        if (market === 'A' && ctx.market('B').isWarm && ctx.market('B').isFlat)
          ctx.market('B').buy({ limit: ctx.market('B').close * 0.99, value: 50 });
      },
    });
    const options = { candles: both, strategy: honest, maintenanceMargin: 0.1, leverage: 2 };
    expect(runBacktest(options).trades.length).toBeGreaterThan(40);
    expect(checkLookAhead(options)).toMatchObject({ passed: true });
    expect(checkRepeat(options)).toMatchObject({ passed: true });
    const peeking = defineStrategy({
      name: 'peeking',
      parameters: z.object({}),
      indicators: (_, build) => ({
        next: build.custom('next', 0, ({ close }) =>
          close.map((_one, at) => close[at + 1] ?? close[at] ?? 0),
        ),
      }),
      onBar: (ctx) => void ctx.market('B').record('next', ctx.market('B').indicators.next.value),
    });
    expect(checkLookAhead({ candles: both, strategy: peeking })).toMatchObject({
      passed: false,
      finding: { whole: expect.stringContaining('next') },
    });
  });
});

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

function rowsOf({ time, open, high, low, close, volume }: ReturnType<typeof randomCandles>) {
  return Array.from(time, (now, at) => ({
    time: now,
    open: open[at] as number,
    high: high[at] as number,
    low: low[at] as number,
    close: close[at] as number,
    volume: volume[at] as number,
  }));
}

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
