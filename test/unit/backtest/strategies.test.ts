import type { NewEvent } from 'millrace';
import {
  candlesFromRows,
  checkLookAhead,
  checkRepeat,
  defineStrategy,
  loadStrategy,
  runBacktest,
  SHIPPED_STRATEGIES,
  StrategyMistakeError,
} from 'millrace/backtest';
import { InvalidOptionError } from 'millrace/errors';
import { allTradingEvents } from 'millrace/trading';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Data, randomCandles } from '../../support/backtest/helpers.js';

const candles = randomCandles(41, 500);
const fixture = (name: string) =>
  loadStrategy(new URL(`../../fixtures/strategies/${name}.strategy.mjs`, import.meta.url));

describe('parameters are the run’s own', () => {
  const parameters = z.object({
    n: z.number().default(1),
    nested: z.object({ list: z.array(z.number()) }).default({ list: [1] }),
  });
  const changing = (change: (given: z.infer<typeof parameters>) => void) =>
    defineStrategy({ name: 'changing', parameters, onBar: (ctx) => change(ctx.parameters as never) });

  test.each([
    ['a value', (given: z.infer<typeof parameters>) => void Object.assign(given, { n: 99 })],
    ['a nested default', (given: z.infer<typeof parameters>) => void given.nested.list.push(2)],
  ])('a strategy that changes %s fails, and the next run has what was given', (_what, change) => {
    const strategy = changing(change);
    for (let run = 0; run < 2; run++) {
      expect(() => runBacktest({ candles, strategy })).toThrow(
        expect.objectContaining({ code: 'MILLRACE_STRATEGY' }),
      );
    }
    const given = runBacktest({ candles, strategy: changing(() => {}) }).parameters;
    expect(given).toEqual({ n: 1, nested: { list: [1] } });
  });

  test('what a strategy throws may be anything', () => {
    const hostile = new Proxy({}, { get: () => raise(1) });
    const strategy = changing(() => raise(hostile));
    const refusal = expect.objectContaining({
      code: 'MILLRACE_STRATEGY',
      details: expect.objectContaining({ candle: 0 }),
    });
    expect(() => runBacktest({ candles, strategy })).toThrow(refusal);
  });
});

/** Throws what is no error, too. */
function raise(thrown: unknown): never {
  throw thrown;
}

describe.each(SHIPPED_STRATEGIES)('the shipped strategy %s', (name) => {
  test('trades, is the same every time, and does not look ahead', async () => {
    const strategy = await loadStrategy(name);
    const first = runBacktest({ candles, strategy });
    expect(first.trades.length).toBeGreaterThan(0);
    expect(runBacktest({ candles, strategy }).fingerprint).toBe(first.fingerprint);
    expect(checkLookAhead({ candles, strategy })).toMatchObject({ passed: true, runs: 100 });
    expect(checkRepeat({ candles, strategy })).toMatchObject({ passed: true, finding: null });
  });

  test('emits at each level nothing but valid events, which tell every step of an order', async () => {
    const strategy = await loadStrategy(name);
    const counts = new Map<string, number>();
    for (const level of ['summary', 'trades', 'full'] as const) {
      const events: NewEvent[] = [];
      const result = runBacktest({ candles, strategy, level, emit: (event) => events.push(event) });
      for (const { type, data } of events) {
        const schema = allTradingEvents.find((known) => known.type === type)?.schema;
        expect(schema?.safeParse(data).error, `${type} ${JSON.stringify(data)}`).toBeUndefined();
      }
      counts.set(level, events.length);
      if (level !== 'full') continue;
      const ends = (type: string) =>
        events.filter((event) => event.type === type).map(({ data }) => (data as Data).order_id);
      const filled = events.filter(
        ({ type, data }) => type === 'trading.order_executed' && (data as Data).exec_type === 'filled',
      );
      const ended = [
        ...filled.map(({ data }) => (data as Data).order_id),
        ...ends('trading.order_cancelled'),
        ...ends('trading.order_failed'),
      ];
      // Each order ends once, and each that ended was placed.
      expect(new Set(ended).size).toBe(ended.length);
      expect(ended.length).toBe(result.orders.length);
      expect(ended.every((id) => ends('trading.order_placed').includes(id))).toBe(true);
      const profit = events
        .filter(({ type }) => type === 'trading.trade_completed')
        .map(({ data }) => Number((data as Data).profit_loss));
      expect(profit).toEqual(result.trades.map((trade) => trade.profit));
    }
    expect(counts.get('summary')).toBe(1);
    expect(counts.get('full')).toBeGreaterThan(counts.get('trades') ?? 0);
  });
});

describe('what a strategy must not do', () => {
  test.each([
    ['Date.now', 'ctx.now()'],
    ['new Date()', 'new Date(ctx.now())'],
    ['Date()', 'new Date(ctx.now())'],
    ['Math.random', 'ctx.random()'],
    ['performance.now', 'ctx.now()'],
    ['process.hrtime', 'ctx.now()'],
    ['crypto.randomUUID', 'ctx.random()'],
    ['setTimeout', 'ctx.index'],
  ])('%s throws, and names %s', async (uses, instead) => {
    const strategy = await fixture('impure');
    const failing = () => runBacktest({ candles, strategy, parameters: { uses } });
    expect(failing).toThrow(StrategyMistakeError);
    expect(failing).toThrow(`must not use ${uses}`);
    expect(failing).toThrow(`Use ${instead}`);
    // Everything is as before when it is over.
    expect([Date.now() > 1e12, Math.random() < 1, new Date() instanceof Date, typeof Date()]).toEqual([
      true,
      true,
      true,
      'string',
    ]);
    expect(crypto.randomUUID().length).toBe(36);
  });

  test('a date of a given time is none of it, and what takes the events may use what it likes', async () => {
    const strategy = await fixture('impure');
    const emit = () => void [Date.now(), Math.random()];
    const { orders } = runBacktest({ candles, strategy, parameters: { uses: 'a dated Date' }, emit });
    expect(orders.map(({ status, tag }) => [status, tag])).toEqual([
      ['filled', 'bought'],
      ['filled', 'end_of_data'],
    ]);
  });

  test.each(['its own copy', 'an import'])('chance by %s is found by a repetition', async (uses) => {
    const strategy = await fixture('impure');
    const { passed, finding } = checkRepeat({ candles, strategy, parameters: { uses } });
    expect(passed).toBe(false);
    expect(finding?.index).toBe(4);
  });

  test('state outside of its run is found by a repetition', async () => {
    expect(checkRepeat({ candles, strategy: await fixture('leaking') }).passed).toBe(false);
  });

  test('an indicator that knows the next candle is found by the prefix test, which says where', async () => {
    const { passed, finding } = checkLookAhead({ candles, strategy: await fixture('peeking') });
    expect(passed).toBe(false);
    expect(finding?.time).toBe(candles.time[finding?.index ?? -1]);
  });

  test('reading candles that are not known yet, or were never there, has a code', () => {
    const reads = (ago: number) =>
      defineStrategy({
        name: 'reads',
        parameters: z.object({}),
        onBar: (ctx) => void ctx.candles.close(ago),
      });
    expect(() => runBacktest({ candles, strategy: reads(-1) })).toThrow(
      expect.objectContaining({
        code: 'MILLRACE_LOOK_AHEAD',
        details: expect.objectContaining({ cursor: 0, index: 1, candle: 0 }),
      }),
    );
    expect(() => runBacktest({ candles, strategy: reads(1) })).toThrow(/candle 1 before the current one/);
  });

  test('a fill is told before its candle is known', () => {
    const seen: number[] = [];
    const strategy = defineStrategy({
      name: 'seer',
      parameters: z.object({}),
      state: () => ({ closes: [] as number[] }),
      onBar: (ctx) => void (ctx.index === 3 && ctx.buy()),
      onFill: (ctx, fill) => void seen.push(ctx.index, ctx.close, fill.index, ctx.now()),
    });
    runBacktest({ candles, strategy });
    expect(seen).toEqual([3, candles.close[3], 4, candles.time[4]]);
  });

  test('a warm-up that is no number is refused, and what takes the events has errors of its own', () => {
    const good = { name: 'buys', parameters: z.object({}) };
    const waits = defineStrategy({ ...good, warmUp: Number.NaN, onBar: () => {} });
    expect(() => runBacktest({ candles, strategy: waits })).toThrow(/'warmUp' is NaN/);
    const strategy = defineStrategy({ ...good, onBar: (ctx) => void ctx.buy() });
    const full = new RangeError('no room');
    const emit = () => {
      throw full;
    };
    expect(() => runBacktest({ candles, strategy, emit })).toThrow(full);
  });

  test('async handlers are refused, since a run never waits', () => {
    const strategy = defineStrategy({
      name: 'waits',
      parameters: z.object({}),
      onBar: (async () => {}) as () => void,
    });
    expect(() => runBacktest({ candles, strategy })).toThrow(/must not be async/);
  });
});

describe('parameters', () => {
  test('have defaults, ranges and names', async () => {
    const strategy = await loadStrategy('rsi');
    const run = (parameters: object) => runBacktest({ candles, strategy, parameters });
    expect(run({ length: 7 }).parameters).toEqual({ length: 7, entry: 30, exit: 60, stop: 0.05 });
    expect(() => run({ length: 1 })).toThrow(InvalidOptionError);
    expect(() => run({ length: 1 })).toThrow(/'length' is 1: .*>=2/);
    expect(() => run({ lenght: 5 })).toThrow(/no parameter 'lenght'. It has: length, entry, exit, stop/);
    expect(() => run({ exit: 20 })).toThrow(/exit must be above entry/);
  });

  test('a strategy that is not of the documented form is refused', () => {
    const good = { name: 'x', parameters: z.object({}), onBar: () => {} };
    expect(() => defineStrategy({ ...good, name: 'My Strategy' })).toThrow(/small letters/);
    expect(() => defineStrategy({ ...good, onbar: () => {} } as never)).toThrow(/Did you mean 'onBar'/);
    expect(() => defineStrategy({ ...good, parameters: {} as never })).toThrow(/z.object/);
    expect(() => defineStrategy({ ...good, onBar: undefined as never })).toThrow(
      /'onBar' must be a function/,
    );
  });
});

test('chance comes from the seed and the parameters, not from the candles that follow', () => {
  const strategy = defineStrategy({
    name: 'dice',
    parameters: z.object({}),
    onBar: (ctx) => ctx.record('dice', ctx.random()),
  });
  const dice = (seed: string, length = candles.length) =>
    runBacktest({ candles: candles.prefix(length), strategy, seed }).plots[0]?.values.slice(0, 10);
  expect(dice('a')).toEqual(dice('a'));
  expect(dice('a')).not.toEqual(dice('b'));
  expect(dice('a', 20)).toEqual(dice('a'));
});

test('what is logged and recorded is in the result, and the warm-up is that of the indicators', () => {
  const strategy = defineStrategy({
    name: 'notes',
    parameters: z.object({}),
    indicators: (_, build) => ({ slow: build.sma(20), ...build.bollinger(10) }),
    onBar(ctx) {
      if (ctx.index === 19) ctx.log(`first ${ctx.candles.length}`);
      ctx.record('slow', ctx.indicators.slow.value, 'price');
    },
  });
  const { logs, plots } = runBacktest({ candles, strategy });
  expect(logs).toEqual([{ index: 19, time: candles.time[19], text: 'first 20' }]);
  expect(plots[0]).toMatchObject({ name: 'slow', pane: 'price' });
  expect(plots[0]?.values.findIndex((value) => !Number.isNaN(value))).toBe(19);
});

test('the candles of a run are not changed by it', () => {
  const rows = Array.from({ length: 30 }, (_, index) => ({
    time: index,
    open: 5,
    high: 6,
    low: 4,
    close: 5,
    volume: 1,
  }));
  const own = candlesFromRows(rows);
  const before = own.hash();
  const strategy = defineStrategy({
    name: 'writes',
    parameters: z.object({}),
    onBar: (ctx) => void ctx.candles.last(5).fill(0),
  });
  runBacktest({ candles: own, strategy });
  expect(own.hash()).toBe(before);
});
