import {
  candlesFromRows,
  checkLookAhead,
  defineStrategy,
  runBacktest,
  type StrategyContext,
} from 'millrace/backtest';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { DAY, START } from '../../support/backtest/helpers.js';
import { candlesOfDays, type DayRow, fillsOf, flat, runDays } from '../../support/backtest/two-markets.js';

test('the opens of all markets come before what is within the candle of any', () => {
  // A's limit is reached within day 1; B's order is filled at its open, and leaves 500.
  const A = candlesOfDays([0, 100, 100, 100, 100], [1, 100, 100, 90, 100], [2, 100, 100, 100, 100]);
  const B = flat(100, 0, 1, 2);
  const act = {
    0: (ctx: StrategyContext) => {
      ctx.market('A').buy({ limit: 95, quantity: 10 });
      ctx.market('B').buy({ quantity: 5 });
    },
  };
  for (const markets of [
    { A, B },
    { B, A },
  ]) {
    const result = runDays(markets, act);
    expect(fillsOf(result)[0]).toBe('B buy 5 @ 100 on 1');
    expect(result.orders[0]).toMatchObject({ status: 'rejected', market: 'A' });
  }
});

test('within a candle the other markets are worth what they opened at, whatever they come to', () => {
  const A = candlesOfDays([0, 10, 10, 10, 10], [1, 10, 10, 10, 10], [2, 20, 90, 5, 80], [3, 80, 80, 80, 80]);
  const B = candlesOfDays([0, 10, 10, 10, 10], [1, 10, 10, 10, 10], [2, 10, 12, 10, 12], [3, 12, 12, 12, 12]);
  const acts = {
    0: (ctx: StrategyContext) => ctx.market('A').buy({ quantity: 50 }),
    1: (ctx: StrategyContext) => ctx.market('B').buy({ stop: 12, fraction: 0.2 }),
  };
  for (const markets of [
    { A, B },
    { B, A },
  ]) {
    const equities: number[] = [];
    const result = runDays(markets, acts, {}, (ctx, { market }) => {
      if (market === 'B') equities.push(ctx.equity, ctx.market('A').equity);
    });
    // 500 of cash and 50 × 20: a fifth of 1,500 at 12 each.
    expect(fillsOf(result)[1]).toBe('B buy 25 @ 12 on 2');
    expect(equities).toEqual([1500, 1500]);
  }
});

test('a trailing stop that is made in the fill of another market follows from the close of its candle on', () => {
  const A = candlesOfDays(
    [0, 100, 100, 100, 100],
    [1, 100, 100, 100, 100],
    [2, 100, 106, 100, 106],
    [3, 106, 106, 106, 106],
  );
  const rows: DayRow[] = [
    [0, 50, 50, 50, 50],
    [1, 50, 50, 50, 50],
    [2, 50, 62, 40, 60],
    [3, 60, 60, 53, 58],
  ];
  for (const order of [
    ['A', 'B'],
    ['B', 'A'],
  ]) {
    const all = { A, B: candlesOfDays(...rows) };
    const markets = Object.fromEntries(order.map((name) => [name, all[name as 'A' | 'B']]));
    const result = runDays(
      markets,
      {
        0: (ctx) => ctx.market('B').buy({ quantity: 1 }),
        1: (ctx) => ctx.market('A').buy({ stop: 105, quantity: 1 }),
      },
      {},
      (ctx, { market }) => {
        if (market === 'A') ctx.market('B').sell({ trailFraction: 0.1, reduceOnly: true });
      },
    );
    // A tenth below the close of 60, and not below the 62 that may have been before it; the 40 was before it as well.
    expect(fillsOf(result)[2]).toBe('B sell 1 @ 54 on 3');
  }
});

test('what another market lost within the candle is not made good by a price above the open', () => {
  const A = candlesOfDays(
    [0, 100, 100, 100, 100],
    [1, 100, 100, 100, 100],
    [2, 100, 100, 50, 60],
    [3, 60, 60, 60, 60],
  );
  const B = flat(100, 0, 1, 2, 3);
  const result = runDays(
    { A, B },
    {
      0: (ctx) => {
        ctx.buy({ quantity: 20 });
        ctx.market('B').buy({ quantity: 10 });
      },
      1: (ctx) => ctx.sell({ stop: 62, reduceOnly: true }),
    },
    { initialCapital: 1360, leverage: 3, maintenanceMargin: 0.1, slippage: { fixed: 12 } },
  );
  // 1,360 − 3,360 + 20 × 50 = −1,000: B, worth 1,000 at its open, is gone at it, and not at 111.
  expect(fillsOf(result).slice(2)).toEqual(['A sell 20 @ 50 on 2', 'B sell 10 @ 88 on 2']);
  expect(result.finalCapital).toBe(-120);
});

test('an order made in a fill at a close waits for the next one, whichever market is named first', () => {
  const [A, B] = [
    flat(10, 0, 1, 2),
    candlesOfDays([0, 20, 20, 20, 20], [1, 21, 21, 21, 21], [2, 22, 22, 22, 22]),
  ];
  for (const fill of ['this_close', 'next_close'] as const) {
    const [one, other] = [
      { A, B },
      { B, A },
    ].map((markets) =>
      fillsOf(
        runDays(
          markets,
          { 0: (ctx) => ctx.market('A').buy({ quantity: 1 }) },
          { fill },
          (ctx, { market }) => {
            if (market === 'A') ctx.market('B').buy({ quantity: 1 });
          },
        ),
      ).slice(0, 2),
    );
    expect(one).toEqual(other);
    expect(one?.[1]).toBe(fill === 'this_close' ? 'B buy 1 @ 21 on 1' : 'B buy 1 @ 22 on 2');
  }
});

test('the prefix test takes finer candles of a market that has none yet in the first parts', () => {
  const rows = (from: number, to: number, step: number) =>
    candlesFromRows(
      Array.from({ length: (to - from) / step }, (_, at) => {
        return { time: START + (from + at * step) * DAY, open: 10, high: 10, low: 10, close: 10, volume: 1 };
      }),
    );
  const strategy = defineStrategy({
    name: 'finer',
    parameters: z.object({}),
    onBar: (ctx) => void ctx.market('B').buy({ limit: 10, quantity: 1 }),
  });
  const candles = { A: rows(0, 40, 1), B: rows(20, 40, 1) };
  expect(checkLookAhead({ candles, finer: { B: rows(20, 40, 0.5) }, strategy }, 20)).toMatchObject({
    passed: true,
  });
});

test('a market that ends earlier is closed when the last one ends, at its own last close', () => {
  const result = runDays(
    { A: flat(10, 0, 1, 2, 3), B: flat(20, 0, 1) },
    { 0: (ctx) => ctx.market('B').buy({ quantity: 1 }) },
  );
  expect(fillsOf(result)).toEqual(['B buy 1 @ 20 on 1', 'B sell 1 @ 20 on 3']);
  expect(result.trades[0]).toMatchObject({ entryIndex: 1, exitIndex: 3, holdingMs: 2 * DAY });
});

test('the strategy is asked once the first market is warm, and each market says whether it is', () => {
  const asked: unknown[] = [];
  const strategy = defineStrategy({
    name: 'warm',
    parameters: z.object({}),
    indicators: (_, build) => ({ average: build.sma(3) }),
    onBar: (ctx) => void asked.push([ctx.index, ctx.isWarm, ctx.market('B').isWarm]),
  });
  runBacktest({ candles: { A: flat(1, 0, 1, 2, 3, 4), B: flat(2, 2, 3, 4) }, strategy });
  expect(asked).toEqual([
    [2, true, false],
    [3, true, false],
    [4, true, true],
  ]);
});
