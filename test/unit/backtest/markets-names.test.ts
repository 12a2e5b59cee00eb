import { type BacktestOptions, resultCsv, runBacktest, sweep } from 'millrace/backtest';
import { expect, test } from 'vitest';
import { DAY, START } from '../../support/backtest/helpers.js';
import { flat, runDays } from '../../support/backtest/two-markets.js';

const two = () => ({ A: flat(10, 0, 1, 2), B: flat(20, 0, 1, 2) });

test('the names of the markets cannot be changed by a strategy, for they are those of the next run as well', () => {
  expect(() => runDays(two(), { 0: (ctx) => void (ctx.markets as string[]).reverse() })).toThrow(
    expect.objectContaining({ code: 'MILLRACE_STRATEGY' }),
  );
});

test('what two markets record under one name is kept apart, and in the table of the curve as well', () => {
  const result = runDays(
    { ...two(), 'B x': flat(30, 0, 1, 2) },
    {
      0(ctx) {
        ctx.record('B x y', 1);
        ctx.market('B').record('x y', 2);
        ctx.market('B x').record('y', 3);
        ctx.record('equity', 4);
      },
    },
  );
  expect(result.plots.map(({ name, market, values }) => [name, market, values[0]])).toEqual([
    ['B x y', undefined, 1],
    ['B x y', 'B', 2],
    ['B x y', 'B x', 3],
    ['equity', undefined, 4],
  ]);
  const [head, first] = resultCsv(result, 'equity').split('\n');
  expect(head).toBe(
    'time,equity,position,position A,position B,position B x,benchmark,B x y,B x y (2),B x y (3),equity (2)',
  );
  expect(first).toMatch(/^2024-01-01T00:00:00.000Z,1000,0,0,0,0,[\d.]+,1,2,3,4$/);
});

test('finer candles that are inherited, or in a list, are refused, and not passed over', () => {
  for (const finer of [Object.create({ A: flat(10, 0, 1) }), [flat(10, 0, 1)], new Map([['A', 1]])])
    expect(() => runDays(two(), {}, { finer })).toThrow("'finer' must say of which market they are");
});

test('a name with half of a character is refused at once, because no event can hold it', async () => {
  const named = [
    { candles: { A: flat(1, 0, 1), '\ud800': flat(1, 0, 1) } },
    { candles: { '\ud800': flat(1, 0, 1) } },
    { candles: flat(1, 0, 1), symbol: '\udc00' },
  ];
  for (const given of named) {
    const options = { ...given, strategy: 'rsi' };
    expect(() => runBacktest(options as never as BacktestOptions)).toThrow('half of a character');
    await expect(sweep({ ...options, grid: {}, threads: 0 })).rejects.toMatchObject({
      code: 'MILLRACE_INVALID_OPTION',
    });
  }
});

test('in a fill no candle under way counts as new', () => {
  const told: unknown[] = [];
  const buy = { 0: (ctx: { buy(order: object): unknown }) => void ctx.buy({ quantity: 1 }) };
  const candles = { A: flat(10, 0, 1, 2, 3, 4), B: flat(20, 0, 2, 3, 4) };
  runDays(candles, { ...buy, 1: buy[0], 2: buy[0] }, {}, (ctx) => {
    const [one, other] = [ctx.market('A'), ctx.market('B')];
    told.push([(ctx.now() - START) / DAY, one.isNew, one.index, other.isNew, other.index]);
  });
  expect(told).toEqual([
    [1, true, 0, true, 0],
    [2, true, 1, false, 0],
    [3, true, 2, true, 1],
  ]);
});
