import type { NewEvent } from 'millrace';
import {
  candlesFromRows,
  checkLookAhead,
  checkRepeat,
  defineStrategy,
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
