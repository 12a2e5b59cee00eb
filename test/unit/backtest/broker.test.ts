import type { BacktestOptions, OrderRequest, StrategyContext } from 'millrace/backtest';
import { describe, expect, test } from 'vitest';
import { type Acts, runActs } from '../../support/backtest/acts.js';
import { candlesOf } from '../../support/backtest/helpers.js';

type Row = readonly [open: number, high: number, low: number, close: number];
type Act = (ctx: StrategyContext) => void;

/** Runs a strategy that does something on the close of some candles, by index. */
function run(rows: readonly Row[], acts: Acts, options: Partial<BacktestOptions> = {}) {
  return runActs(candlesOf(...rows), acts, options);
}

/** Fills as text: `buy 10 @ 100 on 1`. */
function fills(
  rows: readonly Row[],
  acts: Readonly<Record<number, Act>>,
  options: Partial<BacktestOptions> = {},
) {
  return run(rows, acts, options).fills.map(
    ({ side, quantity, price, index }) =>
      `${side} ${Number(quantity.toFixed(6))} @ ${Number(price.toFixed(6))} on ${index}`,
  );
}

const FLAT: Row = [100, 101, 99, 100];
const order =
  (side: 'buy' | 'sell', request: OrderRequest): Act =>
  (ctx) =>
    void ctx[side](request);
const ONE = { quantity: 1 };
const HOLD = { closeAtEnd: false };

describe('an order for the market', () => {
  const rows: Row[] = [FLAT, [102, 104, 101, 103], [105, 106, 104, 104]];

  test.each([
    ['next_open', 'buy 1 @ 102 on 1'],
    ['next_close', 'buy 1 @ 103 on 1'],
    ['this_close', 'buy 1 @ 100 on 0'],
  ] as const)('is filled by the mode %s', (fill, expected) => {
    expect(fills(rows, { 0: order('buy', ONE) }, { fill, ...HOLD })).toEqual([expected]);
  });

  test('is sized by value, by a fraction of the equity and by what its stop would lose', () => {
    expect(fills(rows, { 0: order('buy', { value: 510 }) }, HOLD)).toEqual(['buy 5 @ 102 on 1']);
    expect(fills(rows, { 0: order('buy', { fraction: 0.51 }) }, HOLD)).toEqual(['buy 5 @ 102 on 1']);
    // 2 % of 1,000 over a distance of 10.
    expect(fills(rows, { 0: order('buy', { risk: 0.02, stopLoss: 92 }) }, HOLD)).toEqual([
      'buy 2 @ 102 on 1',
    ]);
  });

  test('for more than the account has is rejected, and the run goes on', () => {
    const { orders, fills: none, finalCapital } = run(rows, { 0: order('buy', { quantity: 10 }) });
    expect(orders[0]).toMatchObject({ status: 'rejected', reason: expect.stringContaining('room for') });
    expect(none).toEqual([]);
    expect(finalCapital).toBe(1000);
  });

  test('on the last candle is never filled, and expires', () => {
    expect(run(rows, { 2: order('buy', ONE) }).orders[0]).toMatchObject({
      status: 'expired',
      reason: 'the data ended',
    });
  });

  test('pays half the spread and the slippage', () => {
    const costs = { spread: 0.02, slippage: { fixed: 0.5, fraction: 0.01 } };
    expect(fills(rows, { 0: order('buy', ONE) }, { ...costs, ...HOLD })).toEqual(['buy 1 @ 104.54 on 1']);
    const [fill] = run(rows, { 0: order('sell', ONE) }, { ...costs, ...HOLD }).fills;
    expect(fill).toMatchObject({ side: 'sell', positionAfter: -1 });
    expect(fill?.slippage).toBeCloseTo(2.54, 10);
  });

  test('is filled in parts by the share of the volume, and the rest at the following opens', () => {
    const parts = fills(
      [...rows, FLAT, FLAT],
      { 0: order('buy', { quantity: 1 }) },
      { volumeShare: 0.4, ...HOLD },
    );
    expect(parts).toEqual(['buy 0.4 @ 102 on 1', 'buy 0.4 @ 105 on 2', 'buy 0.2 @ 100 on 3']);
  });

  test('is a whole number of lots, and is rejected below the smallest value', () => {
    expect(fills(rows, { 0: order('buy', { value: 599 }) }, { lotSize: 0.5, ...HOLD })).toEqual([
      'buy 5.5 @ 102 on 1',
    ]);
    const { orders } = run(rows, { 0: order('buy', { value: 9 }) }, { minimumValue: 10 });
    expect(orders[0]).toMatchObject({ status: 'rejected', reason: expect.stringContaining('minimum of 10') });
  });
});

describe('limit and stop orders', () => {
  test.each<[string, 'buy' | 'sell', OrderRequest, Row, string[]]>([
    ['a limit that is reached', 'buy', { limit: 98 }, [100, 101, 97, 99], ['buy 1 @ 98 on 1']],
    ['a limit that the open is better than', 'buy', { limit: 98 }, [95, 99, 94, 98], ['buy 1 @ 95 on 1']],
    ['a limit that is not reached', 'buy', { limit: 98 }, [100, 101, 98.5, 99], []],
    ['a stop that is reached', 'buy', { stop: 102 }, [100, 103, 99, 101], ['buy 1 @ 102 on 1']],
    ['a stop that the open is beyond', 'buy', { stop: 102 }, [104, 105, 103, 104], ['buy 1 @ 104 on 1']],
    ['a short stop', 'sell', { stop: 98 }, [100, 101, 97, 99], ['sell 1 @ 98 on 1']],
    [
      'a stop-limit within its limit',
      'buy',
      { stop: 102, limit: 103 },
      [100, 104, 99, 101],
      ['buy 1 @ 102 on 1'],
    ],
    ['a stop-limit that gapped beyond', 'buy', { stop: 102, limit: 103 }, [104, 105, 103.5, 104], []],
    [
      'a stop-limit that came back',
      'buy',
      { stop: 102, limit: 103 },
      [104, 105, 102, 104],
      ['buy 1 @ 103 on 1'],
    ],
  ])('%s', (_, side, request, row, expected) => {
    expect(fills([FLAT, row], { 0: order(side, { ...ONE, ...request }) }, HOLD)).toEqual(expected);
  });

  test('are never filled by the candle that they were made on', () => {
    expect(fills([[100, 120, 80, 100], FLAT], { 0: order('buy', { ...ONE, limit: 85 }) }, HOLD)).toEqual([]);
  });

  test('pay the rate of the maker when the market came to them, else that of the taker', () => {
    const commission = { maker: 0.01, taker: 0.02 };
    const paid = (request: OrderRequest) =>
      run([FLAT, [100, 104, 97, 99]], { 0: order('buy', { ...ONE, ...request }) }, { commission, ...HOLD })
        .fills[0];
    expect(paid({ limit: 98 })).toMatchObject({ maker: true, commission: 0.98 });
    expect(paid({ stop: 102 })).toMatchObject({ maker: false, commission: 2.04 });
  });

  test('expire, can be cancelled, and cancel each other', () => {
    const rows: Row[] = [FLAT, FLAT, FLAT, [100, 111, 89, 100]];
    const limit = { ...ONE, limit: 90 };
    expect(run(rows, { 0: order('buy', { ...limit, expireAfter: 2 }) }, HOLD).orders[0]?.status).toBe(
      'expired',
    );
    const cancelled = run(rows, { 0: order('buy', limit), 1: (ctx) => void ctx.cancelAll() }, HOLD);
    expect(cancelled.orders[0]).toMatchObject({ status: 'cancelled', reason: 'the strategy cancelled it' });
    const pair = run(
      rows,
      { 0: (ctx) => ctx.oneCancelsOther(ctx.buy(limit), ctx.sell({ ...ONE, limit: 110 })) },
      HOLD,
    );
    expect(pair.orders.map(({ status }) => status)).toEqual(['filled', 'cancelled']);
  });
});

describe('the exits of a position', () => {
  const entry = (exits: OrderRequest) => ({ 0: order('buy', { ...ONE, ...exits }) });

  test('stop before target inside a candle, unless the settings say otherwise', () => {
    const rows: Row[] = [FLAT, FLAT, [100, 111, 89, 100]];
    const exits = entry({ stopLoss: 90, takeProfit: 110 });
    expect(fills(rows, exits)).toEqual(['buy 1 @ 100 on 1', 'sell 1 @ 90 on 2']);
    expect(fills(rows, exits, { insideBar: 'target_first' })).toEqual([
      'buy 1 @ 100 on 1',
      'sell 1 @ 110 on 2',
    ]);
    expect(run(rows, exits).trades[0]).toMatchObject({
      reason: 'stop_loss',
      profit: -10,
      worst: 90 / 100 - 1,
    });
    expect(run(rows, exits).orders.map(({ status }) => status)).toEqual(['filled', 'filled', 'cancelled']);
  });

  test('a trailing stop follows the best price of the candles before, never of its own', () => {
    const rows: Row[] = [FLAT, FLAT, [101, 120, 100, 119], [118, 119, 107, 110]];
    expect(fills(rows, entry({ trailing: 10 }))).toEqual(['buy 1 @ 100 on 1', 'sell 1 @ 110 on 3']);
    expect(run(rows, entry({ trailing: 10 })).trades[0]?.reason).toBe('trailing_stop');
  });

  test('of a short position lie on the other side', () => {
    const rows: Row[] = [FLAT, FLAT, [100, 106, 99, 105]];
    const short = { 0: order('sell', { ...ONE, stopLossFraction: 0.05, takeProfitFraction: 0.2 }) };
    expect(fills(rows, short)).toEqual(['sell 1 @ 100 on 1', 'buy 1 @ 105 on 2']);
    expect(run(rows, short).trades[0]).toMatchObject({ side: 'short', profit: -5, profitFraction: -0.05 });
  });

  test('a target is not believed in the candle in which a limit order opened the position', () => {
    // The high of 111 may have been before the fall to 95.
    const rows: Row[] = [FLAT, [100, 111, 94, 100], [100, 112, 99, 100]];
    const exits = { 0: order('buy', { ...ONE, limit: 95, takeProfit: 110 }) };
    expect(fills(rows, exits)).toEqual(['buy 1 @ 95 on 1', 'sell 1 @ 110 on 2']);
    const both = { 0: order('buy', { ...ONE, limit: 95, stopLoss: 94.5, takeProfit: 110 }) };
    expect(fills(rows, both)).toEqual(['buy 1 @ 95 on 1', 'sell 1 @ 94.5 on 1']);
  });
});

describe('positions', () => {
  test('an order through 0 closes one side and opens the other', () => {
    const rows: Row[] = [FLAT, FLAT, [110, 111, 109, 110], [99, 100, 98, 99]];
    const {
      trades,
      fills: done,
      finalCapital,
    } = run(rows, {
      0: (ctx) => void ctx.target(1),
      1: (ctx) => void ctx.target(-1),
    });
    expect(trades.map(({ side, reason, profit }) => [side, reason, profit])).toEqual([
      ['long', 'reversed', 100],
      ['short', 'end_of_data', 110],
    ]);
    expect(done.length).toBe(3);
    expect(finalCapital).toBe(1210);
  });

  test('an entry in parts has the average price, an exit in parts its share of the cost', () => {
    const rows: Row[] = [FLAT, FLAT, [110, 111, 109, 110], [120, 121, 119, 120], [120, 121, 119, 120]];
    const { trades } = run(rows, {
      0: order('buy', ONE),
      1: order('buy', ONE),
      2: order('sell', ONE),
      3: (ctx) => ctx.exit(),
    });
    expect(
      trades.map(({ entryPrice, profit, quantity, position }) => [entryPrice, profit, quantity, position]),
    ).toEqual([
      [105, 15, 1, 1],
      [105, 15, 1, 1],
    ]);
  });

  test('a short position is liquidated where its equity is gone, and the account is at 0', () => {
    const rows: Row[] = [FLAT, FLAT, [150, 260, 140, 250], FLAT];
    const { trades, finalCapital } = run(rows, { 0: (ctx) => void ctx.target(-1) });
    expect(trades[0]).toMatchObject({ reason: 'liquidation', exitPrice: 200, profit: -1000 });
    expect(finalCapital).toBe(0);
  });

  test('with leverage more is held than there is, and a fall ends it at the margin', () => {
    const rows: Row[] = [FLAT, FLAT, [99, 100, 70, 95]];
    const { trades } = run(rows, { 0: (ctx) => void ctx.target(4) }, { leverage: 4, maintenanceMargin: 0.1 });
    expect(trades[0]).toMatchObject({ reason: 'liquidation', quantity: 40 });
    // 40 · p - 3,000 = 0.1 · 40 · p
    expect(trades[0]?.exitPrice).toBeCloseTo(3000 / 36, 10);
  });
});

test('settings out of their range are refused by name', () => {
  for (const [option, message] of [
    [{ leverage: 0.5 }, /leverage is 0.5/],
    [{ commission: 1 }, /commission is 1/],
    [{ commission: { rate: -1 } }, /commission.maker is -1/],
    [{ spread: Number.NaN }, /spread is NaN/],
    [{ fill: 'yesterday' as never }, /fill is 'yesterday'; it must be one of next_open/],
    [{ cashDecimals: 13 }, /cashDecimals is 13/],
    [{ leverag: 2 } as never, /no option 'leverag'. Did you mean 'leverage'/],
  ] as const) {
    expect(() => run([FLAT], {}, option)).toThrow(message);
  }
});

test('an order with a misspelt option, or with NaN, fails the run and says where', () => {
  expect(() => run([FLAT], { 0: order('buy', { limt: 1 } as never) })).toThrow(/candle 0 .*no option 'limt'/);
  expect(() => run([FLAT], { 0: order('buy', { limit: Number.NaN }) })).toThrow(/'limit' is NaN; .*warms up/);
  expect(() => run([FLAT], { 0: order('buy', { quantity: 1, value: 1 }) })).toThrow(/not two/);
  expect(() => run([FLAT], { 0: order('buy', { risk: 0.1 }) })).toThrow(/needs a 'stopLoss'/);
});
