import { defineStrategy, runBacktest, type StrategyContext } from 'millrace/backtest';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { randomCandles } from './helpers.js';

const candles = randomCandles(8, 60);

/** Runs a strategy that does one thing on candle 20. */
function doing(slip: (ctx: StrategyContext) => unknown): () => unknown {
  const strategy = defineStrategy({
    name: 'slip',
    parameters: z.object({}),
    indicators: (_, build) => ({ mean: build.sma(5) }),
    onBar(ctx) {
      if (ctx.index === 20) slip(ctx as never);
    },
  });
  return () => runBacktest({ candles, strategy });
}

/** As a program in JavaScript would say it. */
const wrong = (value: unknown) => value as never;

describe('a slip of the pen in a strategy', () => {
  test.each<[string, (ctx: StrategyContext) => unknown, RegExp]>([
    ['a column', (ctx) => ctx.candles.last(3, wrong('hihg')), /no column 'hihg'. Did you mean 'high'/],
    ['another thing’s column', (ctx) => ctx.candles.last(3, wrong('hash')), /no column 'hash'/],
    ['a pane', (ctx) => ctx.record('x', 1, wrong('prices')), /the pane is 'prices'; it must be 'price'/],
    ['a kind of signal', (ctx) => ctx.signal(wrong('BUYY'), { reason: 'x' }), /'BUYY' is no signal/],
    ['a signal without details', (ctx) => ctx.signal('BUY', wrong(undefined)), /needs a reason/],
    ['a strength of nothing', (ctx) => ctx.signal('BUY', { reason: 'x', strength: Number.NaN }), /NaN/],
    [
      'what is crossed',
      (ctx) => ctx.indicators.mean?.crossedAbove(wrong(undefined)),
      /crosses a number or another indicator/,
    ],
  ])('in %s has a code, the candle, and what it must be', (_what, slip, message) => {
    const run = doing(slip);
    expect(run).toThrow(message);
    expect(run).toThrow(
      expect.objectContaining({
        code: 'MILLRACE_STRATEGY',
        details: expect.objectContaining({ candle: 20 }),
      }),
    );
    expect(run).not.toThrow(/undefined \(reading/);
  });

  test('in the column of an indicator is found before the first candle', () => {
    const strategy = defineStrategy({
      name: 'slip',
      parameters: z.object({}),
      indicators: (_, build) => ({ mean: build.ema(5, wrong('clsoe')) }),
      onBar() {},
    });
    expect(() => runBacktest({ candles, strategy })).toThrow(/no column 'clsoe'. Did you mean 'close'/);
  });
});

test('a parameter that is not given has a place in the name of the run, and no undefined', () => {
  const strategy = defineStrategy({
    name: 'optional',
    parameters: z.object({ first: z.number().optional(), last: z.number().nullable().optional() }),
    onBar() {},
  });
  const idOf = (parameters: object) => runBacktest({ candles, strategy, parameters }).identity;
  expect(idOf({}).backtestId).toMatch(/^optional-none-none@[0-9a-f]{8}$/);
  expect(idOf({ last: 5 }).strategyId).toBe('optional-none-5');
  expect(idOf({ first: 5 }).strategyId).toBe('optional-5-none');
  expect(idOf({ last: null }).backtestId).not.toBe(idOf({}).backtestId);
});
