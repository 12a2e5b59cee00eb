import fc from 'fast-check';
import {
  type CandleRow,
  type Candles,
  candlesFromRows,
  candlesFromTrades,
  checkLookAhead,
  defineStrategy,
  resample,
  runBacktest,
  type Trades,
} from 'millrace/backtest';
import { InputError, InvalidOptionError } from 'millrace/errors';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Acts, runActs } from '../../support/backtest/acts.js';
import { START } from '../../support/backtest/helpers.js';
import { checkProperty } from '../../support/property.js';

const MINUTE = 60_000;
type Row = readonly [open: number, high: number, low: number, close: number];
/** Candles of so many minutes. */
function candlesOf(minutes: number, rows: readonly Row[], volume = 1): Candles {
  return candlesFromRows(
    rows.map(([open, high, low, close], index): CandleRow => {
      return { time: START + index * minutes * MINUTE, open, high, low, close, volume };
    }),
  );
}

const exitsOf = ({ trades }: ReturnType<typeof runActs>) =>
  trades.map(({ reason, exitPrice, exitIndex }) => `${reason} @ ${exitPrice} on ${exitIndex}`);

const FLAT: Row = [100, 100, 100, 100];
const RISES: readonly Row[] = [FLAT, FLAT, FLAT];

/** Three of three minutes each, made of minutes. The last reaches both 110 and 90: target first, or stop first. */
const minutesOf = (...last: readonly Row[]) => candlesOf(1, [...RISES, ...RISES, ...last]);
const TARGET_FIRST = minutesOf([100, 111, 100, 105], [105, 105, 89, 90], [90, 95, 90, 95]);
const STOP_FIRST = minutesOf([100, 101, 89, 90], [90, 112, 90, 111], [111, 111, 95, 95]);

/** Bought at the open of the second, with a target at 110 and a stop at 90. */
const BRACKET: Acts = { 0: (ctx) => void ctx.buy({ quantity: 1, stopLoss: 90, takeProfit: 110 }) };
const coarse = (minutes: Candles) => resample(minutes, '3m').candles;

describe('stop and target within one candle', () => {
  test('are decided by the finer candles, and by "stop first" without them', () => {
    for (const minutes of [TARGET_FIRST, STOP_FIRST]) {
      const candles = coarse(minutes);
      expect(exitsOf(runActs(candles, BRACKET))).toEqual(['stop_loss @ 90 on 2']);
      const expected = minutes === TARGET_FIRST ? 'take_profit @ 110 on 2' : 'stop_loss @ 90 on 2';
      const result = runActs(candles, BRACKET, { finer: minutes });
      expect(exitsOf(result)).toEqual([expected]);
      expect(result.finer).toEqual({ timeframe: '1m', covered: 3, decided: 1 });
    }
  });

  test('of one finer candle are decided as those of one candle are', () => {
    const both = minutesOf([100, 112, 88, 100], FLAT, FLAT);
    expect(exitsOf(runActs(coarse(both), BRACKET, { finer: both }))).toEqual(['stop_loss @ 90 on 2']);
    const optimistic = { finer: both, insideBar: 'target_first' } as const;
    expect(exitsOf(runActs(coarse(both), BRACKET, optimistic))).toEqual(['take_profit @ 110 on 2']);
  });

  test('are decided by single trades, in their order, also those of one moment', () => {
    const price = Float64Array.of(100, 100, 100, 111, 89, 95);
    const trades: Trades = {
      length: 6,
      time: Float64Array.of(0, 3, 6, 6, 6, 8).map((minute) => START + minute * MINUTE),
      price,
      quantity: price.map(() => 1),
      buyerIsMaker: new Uint8Array(6),
    };
    const candles = candlesFromTrades(trades, '3m');
    const result = runActs(candles, BRACKET, { finer: trades });
    expect(exitsOf(result)).toEqual(['take_profit @ 111 on 2']);
    expect(result.finer).toEqual({ timeframe: 'trades', covered: 3, decided: 1 });
    // The stop is reached by the trade at 89, which is all that there was below 90.
    const stop: Acts = { 0: (ctx) => void ctx.buy({ quantity: 1, stopLoss: 90 }) };
    expect(exitsOf(runActs(candles, stop, { finer: trades }))).toEqual(['stop_loss @ 89 on 2']);
  });
});

describe('within a candle that is walked through', () => {
  test('a stop is filled at the open of the finer candle that gaps over it', () => {
    const gap = minutesOf(FLAT, [80, 85, 80, 85], [85, 85, 85, 85]);
    expect(exitsOf(runActs(coarse(gap), BRACKET, { finer: gap }))).toEqual(['stop_loss @ 80 on 2']);
    expect(exitsOf(runActs(coarse(gap), BRACKET))).toEqual(['stop_loss @ 90 on 2']);
  });

  test('an order that is filled sees what comes after it, and nothing of what was before', () => {
    // Falls to 94, where it is bought; its stop at 93 is not reached again, its target at 99 is.
    const minutes = minutesOf([100, 104, 97, 97], [97, 97, 94, 96], [96, 100, 96, 100]);
    const buy: Acts = { 0: (ctx) => void ctx.buy({ limit: 95, quantity: 1, stopLoss: 93, takeProfit: 99 }) };
    const result = runActs(coarse(minutes), buy, { finer: minutes });
    expect(exitsOf(result)).toEqual(['take_profit @ 99 on 2']);
    // The 104 was before the entry, and is none of its best.
    expect(result.trades[0]?.best).toBeCloseTo(99 / 95 - 1, 12);
    // Whether the 94 of the minute in which it was bought came before or after is not known.
    expect(result.trades[0]?.worst).toBe(0);
    // Without the minutes a target above the fill waits: the rise may have been before it.
    expect(exitsOf(runActs(coarse(minutes), buy))).toEqual(['end_of_data @ 100 on 2']);
  });

  test('a position is liquidated when its margin is used up before its target is reached', () => {
    const rules = { leverage: 5, maintenanceMargin: 0.05 } as const;
    const buy: Acts = { 0: (ctx) => void ctx.buy({ fraction: 5, takeProfit: 110 }) };
    const [first, last] = [
      TARGET_FIRST,
      minutesOf([100, 101, 80, 81], [81, 111, 81, 110], [110, 110, 95, 95]),
    ];
    expect(runActs(coarse(first), buy, { ...rules, finer: first }).trades[0]?.reason).toBe('take_profit');
    expect(runActs(coarse(last), buy, { ...rules, finer: last }).trades[0]?.reason).toBe('liquidation');
  });

  test('volume is that of the candle, and what it has not enough for waits for the next one', () => {
    const minutes = candlesOf(
      1,
      [
        ...RISES,
        ...RISES,
        [100, 111, 100, 105],
        [105, 105, 100, 100],
        FLAT,
        [100, 111, 100, 100],
        FLAT,
        FLAT,
      ],
      1,
    );
    const buy: Acts = { 0: (ctx) => void ctx.buy({ quantity: 3, takeProfit: 110 }) };
    const { fills } = runActs(coarse(minutes), buy, { finer: minutes, volumeShare: 0.5 });
    expect(fills.map(({ side, quantity, index }) => `${side} ${quantity} on ${index}`)).toEqual([
      'buy 1.5 on 1',
      'buy 1.5 on 2',
      'sell 1.5 on 3',
      'sell 1.5 on 3',
    ]);
  });
});

describe('a candle that the finer ones do not make up', () => {
  test('is decided as without them, and counted', () => {
    const [open, , close] = [0, 1, 2].map((at) => TARGET_FIRST.time[6 + at]);
    const rows = Array.from({ length: TARGET_FIRST.length }, (_, index): CandleRow => {
      const at = (name: 'time' | 'open' | 'high' | 'low' | 'close') => TARGET_FIRST[name][index] as number;
      return {
        time: at('time'),
        open: at('open'),
        high: at('high'),
        low: at('low'),
        close: at('close'),
        volume: 1,
      };
    });
    const gap = candlesFromRows(
      rows.filter(({ time }) => time === open || time === close || time < (open ?? 0)),
    );
    const result = runActs(coarse(TARGET_FIRST), BRACKET, { finer: gap });
    expect(exitsOf(result)).toEqual(['stop_loss @ 90 on 2']);
    expect(result.finer).toEqual({ timeframe: '1m', covered: 2, decided: 0 });
  });

  test.each([
    [
      'of another market',
      (rows: Row[]) =>
        candlesOf(
          1,
          rows.map((row) => row.map((price) => price * 2) as unknown as Row),
        ),
      InputError,
      /not made of the finer ones/,
    ],
    [
      'of another time',
      (rows: Row[]) =>
        candlesFromRows(
          rows.map(([open, high, low, close], at) => ({
            time: at * MINUTE,
            open,
            high,
            low,
            close,
            volume: 1,
          })),
        ),
      InputError,
      /No candle is made of the finer ones, which go from 1970/,
    ],
    [
      'whose length does not divide theirs',
      (rows: Row[]) => candlesOf(2, rows),
      InvalidOptionError,
      /candles of 2m do not divide candles of 3m/,
    ],
    [
      'of their own length',
      (rows: Row[]) => candlesOf(3, rows),
      InvalidOptionError,
      /candles of 3m do not divide candles of 3m/,
    ],
    [
      'that are one',
      (rows: Row[]) => candlesOf(1, rows.slice(0, 1)),
      InvalidOptionError,
      /a single finer candle/,
    ],
  ] as const)('is an error where all of them are %s', (_, make, Kind, message) => {
    const rows: Row[] = Array.from({ length: 9 }, () => FLAT);
    const go = () => runActs(candlesOf(3, [FLAT, FLAT, FLAT]), {}, { finer: make(rows) });
    expect(go).toThrow(Kind);
    expect(go).toThrow(message);
  });

  test.each([
    ['the price is NaN', 'price', [100, Number.NaN, 100]],
    ['the price is 0', 'price', [100, 0, 100]],
    ['the quantity is -1', 'quantity', [1, -1, 1]],
    [`the time is ${START}`, 'time', [START, START + 2, START]],
    ['the time is Infinity', 'time', [START, START + 1, Number.POSITIVE_INFINITY]],
  ] as const)('trades of which one is none are refused, by its index: %s', (what, name, column) => {
    const trades = {
      length: 3,
      time: Float64Array.of(START, START + 1, START + 2),
      price: Float64Array.of(100, 100, 100),
      quantity: Float64Array.of(1, 1, 1),
      buyerIsMaker: Uint8Array.of(2, 2, 2),
      [name]: Float64Array.from(column),
    };
    const said = new RegExp(`of trade [12] ${what}; `);
    expect(() => candlesFromTrades(trades, '3m')).toThrow(said);
    expect(() => runActs(coarse(TARGET_FIRST), {}, { finer: trades })).toThrow(said);
    expect(() => candlesFromTrades({ ...trades, length: 2 }, '3m')).toThrow(InvalidOptionError);
  });

  test('candles that reach into the next one are of another time', () => {
    const candles = coarse(TARGET_FIRST);
    const rows = Array.from({ length: TARGET_FIRST.length }, (_, at): CandleRow => {
      const { time, open, high, low, close, volume } = TARGET_FIRST;
      return {
        time: (time[at] as number) + MINUTE / 2,
        open: open[at] as number,
        high: high[at] as number,
        low: low[at] as number,
        close: close[at] as number,
        volume: volume[at] as number,
      };
    });
    expect(() => runActs(candles, {}, { finer: candlesFromRows(rows) })).toThrow(InputError);
  });

  test('is no such thing where what was passed is something else', () => {
    const price = Float64Array.of(1, 2);
    const short = { length: 2, time: Float64Array.of(1), price, quantity: price };
    for (const finer of [null, {}, [1], 'x', { price }, short, { ...short, time: [1, 2] }]) {
      expect(() => runActs(coarse(TARGET_FIRST), BRACKET, { finer: finer as never })).toThrow(
        InvalidOptionError,
      );
    }
  });
});

test('the identity of a run says that there were finer candles, and which', () => {
  const candles = coarse(TARGET_FIRST);
  const without = runActs(candles, BRACKET);
  const result = runActs(candles, BRACKET, { finer: TARGET_FIRST });
  expect(without.identity).not.toHaveProperty('finerHash');
  expect(without.finer).toBeNull();
  expect(result.identity.finerHash).toBe(TARGET_FIRST.hash());
  expect(result.identity.backtestId).not.toBe(without.identity.backtestId);
});

/** Minutes of a random walk, in steps that reach stops and targets of a few percent often. */
function walk(seed: number, length: number): Candles {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  let close = 100;
  const rows = Array.from({ length }, (): Row => {
    const open = close * (1 + (random() - 0.5) * 0.01);
    close = open * (1 + (random() - 0.5) * 0.03);
    return [
      open,
      Math.max(open, close) * (1 + random() * 0.01),
      Math.min(open, close) * (1 - random() * 0.01),
      close,
    ];
  });
  return candlesOf(1, rows);
}

const brackets = defineStrategy({
  name: 'brackets',
  parameters: z.object({}),
  onBar(ctx) {
    if (ctx.index % 4 === 0 && ctx.isFlat) {
      ctx.cancelAll();
      const exits = { stopLossFraction: 0.02, takeProfitFraction: 0.03 };
      if (ctx.index % 8 === 0) ctx.buy({ limit: ctx.close * 0.995, fraction: 0.5, ...exits });
      else ctx.sell({ stop: ctx.close * 0.99, fraction: 0.5, ...exits });
    }
  },
});

test('whatever the path: the first finer candle that reaches stop or target is the one that ends the trade', async () => {
  await checkProperty(
    fc.property(fc.nat(99_999), (seed) => {
      const minutes = walk(seed, 300);
      const candles = coarse(minutes);
      const rules = { strategy: brackets, initialCapital: 1000, commission: 0.001, leverage: 2 };
      const result = runBacktest({ ...rules, candles, finer: minutes });
      for (const { number, side, entryPrice, entryIndex, exitIndex, reason, exitPrice } of result.trades) {
        if (reason !== 'stop_loss' && reason !== 'take_profit') continue;
        const sign = side === 'long' ? 1 : -1;
        const stop = entryPrice * (1 - sign * 0.02);
        const target = entryPrice * (1 + sign * 0.03);
        const hit = (at: number, price: number) =>
          (minutes.low[at] as number) <= price && price <= (minutes.high[at] as number);
        const beyond = (at: number, price: number, up: boolean) =>
          up ? (minutes.high[at] as number) >= price : (minutes.low[at] as number) <= price;
        // From the candle behind that of the entry on nothing is left open: minute by minute, the first to be reached.
        let first: string | undefined;
        for (let at = (entryIndex + 1) * 3; at < (exitIndex + 1) * 3 && first === undefined; at++) {
          if (beyond(at, stop, sign < 0)) first = 'stop_loss';
          else if (beyond(at, target, sign > 0)) first = 'take_profit';
        }
        if (exitIndex > entryIndex) expect(first, `trade ${number}`).toBe(reason);
        const range = [0, 1, 2].some((at) => hit(exitIndex * 3 + at, exitPrice));
        expect(range, `trade ${number} is filled at a price of its candle`).toBe(true);
      }
    }),
    { runs: 150 },
  );
});

test('cash adds up to the last unit, and a prefix of the candles shows what the whole does', () => {
  const minutes = walk(7, 900);
  const candles = coarse(minutes);
  const options = { candles, finer: minutes, strategy: brackets, initialCapital: 1000 };
  const result = runBacktest(options);
  const units = (amount: number) => Math.round(amount * 1e8);
  const profit = result.trades.reduce((sum, trade) => sum + units(trade.profit), 0);
  expect(units(result.finalCapital)).toBe(units(1000) + profit);
  expect(result.finer?.decided).toBeGreaterThan(20);
  expect(checkLookAhead(options, 20)).toMatchObject({ passed: true });
});
