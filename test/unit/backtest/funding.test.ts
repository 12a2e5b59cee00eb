import fc from 'fast-check';
import type { NewEvent } from 'millrace';
import {
  type CandleRow,
  Candles,
  candlesFromRows,
  defineStrategy,
  parseCandles,
  resample,
  resultCsv,
  runBacktest,
} from 'millrace/backtest';
import { InputError } from 'millrace/errors';
import { allTradingEvents } from 'millrace/trading';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Acts, runActs } from '../../support/backtest/acts.js';
import { type Data, randomCandles, START } from '../../support/backtest/helpers.js';
import { checkProperty } from '../../support/property.js';

const HOUR = 3_600_000;

/** Hourly candles that open and close at 100 but for `opens`, with the rates that are due at their starts. */
function hours(rates: readonly number[], opens: Readonly<Record<number, number>> = {}): Candles {
  return candlesFromRows(
    rates.map((funding, hour): CandleRow => {
      const open = opens[hour] ?? 100;
      const row = { high: Math.max(open, 100), low: Math.min(open, 100), close: 100, volume: 1 };
      return { time: START + hour * HOUR, open, ...row, funding };
    }),
  );
}

describe('a funding rate', () => {
  test('is paid by a long position at the start of the candle that has it, on what is held at its open', () => {
    const result = runActs(hours([0, 0.5, 0.01, 0], { 2: 110 }), {
      0: (ctx) => void ctx.buy({ quantity: 2 }),
    });
    // Bought at the open of candle 1, when its rate was settled already; 2 * 110 * 0.01 at that of candle 2.
    expect(result.funding).toBe(-2.2);
    expect(Array.from(result.equity.equity)).toEqual([1000, 1000, 997.8, 997.8]);
    expect(result.trades).toMatchObject([{ profit: -2.2, funding: -2.2, commission: 0 }]);
    expect(result.finalCapital).toBe(997.8);
  });

  test('is received by a short position, and paid when the rate is below 0', () => {
    const short: Acts = { 0: (ctx) => void ctx.sell({ quantity: 2 }) };
    expect(runActs(hours([0, 0, 0.01, 0]), short).funding).toBe(2);
    expect(runActs(hours([0, 0, -0.01, 0]), short).funding).toBe(-2);
    expect(runActs(hours([0, 0, -0.01, 0]), { 0: (ctx) => void ctx.buy({ quantity: 2 }) }).funding).toBe(2);
  });

  test('is paid by a position that is closed at the open of its candle', () => {
    const result = runActs(hours([0, 0, 0.01, 0]), {
      0: (ctx) => void ctx.buy({ quantity: 1 }),
      1: (ctx) => ctx.exit(),
    });
    expect(result.trades).toMatchObject([{ exitIndex: 2, funding: -1, profit: -1 }]);
  });

  test('is shared out among the parts in which a position is closed, to the last unit', () => {
    const result = runActs(
      hours([0, 0, 0.01, 0, 0.003, 0]),
      {
        0: (ctx) => void ctx.buy({ quantity: 3 }),
        2: (ctx) => void ctx.sell({ quantity: 1, reduceOnly: true }),
      },
      { cashDecimals: 2 },
    );
    expect(result.trades.map(({ quantity, funding }) => [quantity, funding])).toEqual([
      [1, -1],
      // Two thirds of 3, and 200 times 0.003.
      [2, -2.6],
    ]);
    expect(result.finalCapital).toBe(996.4);
  });

  test('belongs to the position that is closed when an order goes through 0', () => {
    const result = runActs(hours([0, 0, 0.01, 0, 0.02, 0]), {
      0: (ctx) => void ctx.buy({ quantity: 1 }),
      2: (ctx) => void ctx.sell({ quantity: 3 }),
    });
    expect(result.trades.map(({ side, funding }) => [side, funding])).toEqual([
      ['long', -1],
      ['short', 4],
    ]);
  });

  test('may use up the margin, and the position is liquidated at the open', () => {
    const result = runActs(
      hours([0, 0, 0.2, 0]),
      { 0: (ctx) => void ctx.buy({ fraction: 5 }) },
      { leverage: 5, maintenanceMargin: 0.05 },
    );
    expect(result.trades).toMatchObject([{ reason: 'liquidation', exitIndex: 2, funding: -1000 }]);
  });

  test('is seen by the strategy once its candle has ended', () => {
    const seen: number[] = [];
    runActs(hours([0.1, 0, -0.2]), {
      0: (ctx) => void seen.push(ctx.candles.funding()),
      2: (ctx) => void seen.push(ctx.candles.funding(), ctx.candles.funding(2)),
    });
    expect(seen).toEqual([0.1, -0.2, 0.1]);
  });

  test('changes nothing where there is no column: results have no such fields, and its total is null', () => {
    const candles = randomCandles(3, 20);
    const result = runActs(candles, { 1: (ctx) => void ctx.buy() });
    expect(result.funding).toBeNull();
    expect(result.trades[0]).not.toHaveProperty('funding');
    expect(resultCsv(result, 'trades')).not.toContain('funding');
  });
});

test('initial capital plus the profits of all trades is the final cash to the last unit, whatever the rates', async () => {
  const rates = fc.array(fc.double({ min: -0.02, max: 0.02, noNaN: true }), { minLength: 60, maxLength: 60 });
  const fractions = fc.array(fc.double({ min: -1.5, max: 1.5, noNaN: true }), { minLength: 1, maxLength: 9 });
  await checkProperty(
    fc.property(fc.nat(9999), rates, fractions, (seed, funding, targets) => {
      const plain = randomCandles(seed, 60);
      const rows = funding.map((rate, index): CandleRow => {
        const at = (name: 'time' | 'open' | 'high' | 'low' | 'close') => plain[name][index] as number;
        const prices = { open: at('open'), high: at('high'), low: at('low'), close: at('close') };
        return { time: at('time'), ...prices, volume: 1, funding: index % 3 === 0 ? rate : Number.NaN };
      });
      const strategy = defineStrategy({
        name: 'targets',
        parameters: z.object({}),
        onBar: (ctx) => {
          const target = targets[ctx.index % targets.length] as number;
          if (ctx.index % 2 === 0) ctx.target(target, { stopLossFraction: 0.03 });
        },
      });
      const result = runBacktest({
        candles: candlesFromRows(rows),
        strategy,
        initialCapital: 1000,
        leverage: 2,
        maintenanceMargin: 0.02,
      });
      const units = (amount: number) => Math.round(amount * 1e8);
      const sum = (of: (trade: (typeof result.trades)[number]) => number) =>
        result.trades.reduce((total, trade) => total + units(of(trade)), 0);
      expect(units(result.finalCapital)).toBe(units(1000) + sum(({ profit }) => profit));
      expect(units(result.funding as number)).toBe(sum((trade) => trade.funding as number));
    }),
    { runs: 200 },
  );
});

test('the events of a run say what was paid, and each is what its schema says', () => {
  const events: NewEvent[] = [];
  const acts: Acts = { 0: (ctx) => void ctx.buy({ quantity: 2 }), 3: (ctx) => ctx.exit() };
  runActs(hours([0, 0, 0.01, 0, 0, 0]), acts, { level: 'full', emit: (event) => events.push(event) });
  const dataOf = (type: string) =>
    events.filter((event) => event.type === type).map(({ data }) => data as Data);
  expect(dataOf('trading.position_updated')).toMatchObject([
    { current_price: '100', unrealized_pnl: '0', updated_fields: { funding: '-2', funding_rate: '0.01' } },
  ]);
  expect(dataOf('backtest.trade_executed')[1]).toMatchObject({
    profit_loss: -2,
    funding: -2,
    current_capital: 998,
  });
  expect(dataOf('backtest.position_closed')).toMatchObject([{ profit_loss: -2, funding: -2 }]);
  expect(dataOf('trading.trade_completed')).toMatchObject([{ profit_loss: '-2', funding_total: '-2' }]);
  expect(dataOf('backtest.completed')[0]?.performance_metrics).toMatchObject({ total_funding: -2 });
  for (const { type, data } of events) {
    const issues = allTradingEvents.find((one) => one.type === type)?.schema.safeParse(data).error?.issues;
    expect(issues ?? [], type).toEqual([]);
  }
});

describe('a column of funding rates', () => {
  const table = (header: string, ...cells: readonly string[]) =>
    [
      `time,open,high,low,close,${header}`,
      ...cells.map((cell, hour) => `${START + hour * HOUR},1,1,1,1,${cell}`),
    ].join('\n');

  test.each([
    'funding_rate',
    'fundingRate',
    'Funding Rate',
    'last_funding_rate',
    'realizedRate',
    'funding',
  ])('is found by the name %s', (name) => {
    expect(parseCandles(table(name, '0.0001', '', '-0.0002')).funding).toEqual(
      Float64Array.of(0.0001, 0, -0.0002),
    );
  });

  test('is found in JSON, as objects and as columns', () => {
    const row = { time: START, open: 1, high: 1, low: 1, close: 1 };
    const objects = JSON.stringify([
      { ...row, fundingRate: '0.0001' },
      { ...row, time: START + HOUR, fundingRate: null },
    ]);
    const columns = JSON.stringify({
      t: [START, START + HOUR],
      ...{ o: [1, 1], h: [1, 1], l: [1, 1], c: [1, 1] },
      funding_rate: [0.0001, null],
    });
    for (const text of [objects, columns]) {
      expect(parseCandles(text).funding).toEqual(Float64Array.of(0.0001, 0));
    }
  });

  test('is undefined where there is none, and candles with and without are other candles', () => {
    const none = parseCandles(table('volume', '1', '1'));
    const zero = parseCandles(table('funding_rate', '0', ''));
    expect(none.funding).toBeUndefined();
    expect(zero.hash()).not.toBe(parseCandles(table('other', '0', '')).hash());
  });

  test.each([
    ['what is no number', 'abc', /line 3: the funding rate is 'abc'/],
    ['a rate in percent', '12.5', /line 3: the funding rate is 12.5; it must be a fraction from -1 to 1/],
  ])('is refused with %s, and the line is named', (_, cell, message) => {
    expect(() => parseCandles(table('funding_rate', '0.0001', cell))).toThrow(InputError);
    expect(() => parseCandles(table('funding_rate', '0.0001', cell))).toThrow(message);
  });

  test('goes with the candles into another thread, a prefix and a coarser timeframe', () => {
    const candles = hours([0.001, 0, 0.002, 0.004, 0.008, 0]);
    expect(Candles.fromShared(candles.buffer).funding).toEqual(candles.funding);
    expect(candles.prefix(3).funding).toEqual(Float64Array.of(0.001, 0, 0.002));
    // Due at 02:00 stays with the candle of 02:00; due at 03:00 falls to the start of the next.
    expect(resample(candles, '2h').candles.funding).toEqual(Float64Array.of(0.001, 0.002, 0.012));
  });
});
