import { checkLookAhead, checkRepeat, defineStrategy } from 'millrace/backtest';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { randomCandles } from '../../support/backtest/helpers.js';

const parameters = z.object({});

test('the prefix test does not compare which side a target needs, which nobody knows before it is filled', () => {
  // Two targets in a row: what the first one leaves of the equity decides which side the second one is.
  const strategy = defineStrategy({
    name: 'even',
    parameters,
    onBar(ctx) {
      ctx.target(0.3);
      ctx.market('B').target(0.3);
    },
  });
  const candles = { A: randomCandles(5, 300), B: randomCandles(9, 300) };
  expect(checkLookAhead({ candles, strategy }, 20)).toEqual({ passed: true, runs: 20, finding: null });
});

test('the prefix test still finds a target that depends on how many candles there are', () => {
  let length = 0;
  const strategy = defineStrategy({
    name: 'counting',
    parameters,
    indicators: (_, build) => ({
      none: build.custom('none', 0, ({ close }) => {
        length = close.length;
        return new Float64Array(close.length);
      }),
    }),
    onBar: (ctx) => void ctx.target(ctx.index % 2 === 0 ? 0 : length / 1000),
  });
  const { passed, finding } = checkLookAhead({ candles: randomCandles(5, 300), strategy });
  expect([passed, finding?.whole]).toEqual([false, expect.stringMatching(/^(equity|order 2: target)/)]);
});

test('the prefix test leaves out what a strategy does at the end, which each part has at another time', () => {
  const strategy = defineStrategy({
    name: 'ending',
    parameters,
    onBar: (ctx) => void (ctx.index % 9 === 0 && ctx.target(ctx.index % 2)),
    onEnd(ctx) {
      ctx.log('done');
      ctx.record('last', ctx.equity);
      ctx.buy({ quantity: 1 });
    },
  });
  const options = { candles: randomCandles(5, 100), strategy };
  expect(checkLookAhead(options)).toMatchObject({ passed: true });
  expect(checkRepeat(options)).toMatchObject({ passed: true });
});
