import fc from 'fast-check';
import {
  type BacktestOptions,
  type BacktestResult,
  candlesFromRows,
  checkLookAhead,
  defineStrategy,
  type MarketContext,
  type OrderRequest,
  runBacktest,
} from 'millrace/backtest';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { randomCandles } from '../../support/backtest/helpers.js';
import { checkProperty } from '../../support/property.js';

/** What a random strategy does in a market at a time, and what in the fill of another. */
interface Step {
  readonly market: number;
  readonly act: 'nothing' | 'buy' | 'sell' | 'target' | 'exit' | 'cancel';
  readonly kind: 'market' | 'limit' | 'stop' | 'trail';
  readonly size: 'quantity' | 'value' | 'fraction';
  readonly amount: number;
  readonly distance: number;
  readonly exits: boolean;
}

const step = fc.record<Step>({
  market: fc.nat(2),
  act: fc.constantFrom('nothing', 'buy', 'sell', 'target', 'exit', 'cancel'),
  kind: fc.constantFrom('market', 'limit', 'stop', 'trail'),
  size: fc.constantFrom('quantity', 'value', 'fraction'),
  amount: fc.double({ min: 0.01, max: 1.5, noNaN: true }),
  distance: fc.double({ min: -0.05, max: 0.05, noNaN: true }),
  exits: fc.boolean(),
});

const settings = fc.record({
  fill: fc.constantFrom('next_open' as const, 'next_close' as const, 'this_close' as const),
  commission: fc.constantFrom(0, 0.001, { maker: 0.001, taker: 0.002, minimum: 0.5 }),
  leverage: fc.constantFrom(1, 3),
  maintenanceMargin: fc.constantFrom(0, 0.05, 0.3),
  lotSize: fc.constantFrom(0, 0.1),
  volumeShare: fc.constantFrom(0, 0.7),
  slippage: fc.constantFrom(0, { fraction: 0.001, volume: 0.01 }),
  spread: fc.constantFrom(0, 0.001),
});

function requestOf({ kind, size, amount, distance, exits }: Step, close: number): OrderRequest {
  const price = close * (1 + distance);
  return {
    [size]: size === 'quantity' ? amount * 5 : size === 'value' ? amount * 500 : Math.min(amount, 1),
    ...(kind === 'limit' && { limit: price }),
    ...(kind === 'stop' && { stop: price }),
    ...(kind === 'trail' && { trailFraction: 0.01 + Math.abs(distance) }),
    ...(exits && { takeProfitFraction: 0.02, trailingFraction: 0.03 }),
  };
}

function act(market: MarketContext, step: Step): void {
  if (Number.isNaN(market.close)) return;
  if (step.act === 'buy' || step.act === 'sell') market[step.act](requestOf(step, market.close));
  if (step.act === 'target') market.target(step.distance * 20, step.exits ? { stopLossFraction: 0.02 } : {});
  if (step.act === 'exit') market.exit();
  if (step.act === 'cancel') market.cancelAll();
}

/** Three markets: a whole one, one that begins late and is silent at times, and one that ends early. */
function marketsOf(seed: number) {
  const kept = [() => true, (day: number) => day > 8 && (day * seed) % 4 !== 1, (day: number) => day < 50];
  const all = kept.map((isKept, at) => {
    const { time, open, high, low, close } = randomCandles(seed + at, 60);
    const rows = Array.from(time, (now, day) => {
      const [first, top, bottom, last] = [open, high, low, close].map((column) => column[day] as number);
      const volume = 1 + ((day * 7 + at) % 5);
      const funding = at === 2 ? ((day % 5) - 2) / 1000 : undefined;
      return { time: now, open: first, high: top, low: bottom, close: last, volume, funding };
    });
    return candlesFromRows(rows.filter((_row, day) => isKept(day)) as never);
  });
  return Object.fromEntries(all.map((candles, at) => ['ABC'[at] as string, candles]));
}

function optionsOf(
  seed: number,
  steps: readonly Step[],
  fills: readonly Step[],
  rules: Partial<BacktestOptions>,
) {
  const strategy = defineStrategy({
    name: 'random',
    parameters: z.object({}),
    state: () => ({ asked: 0, filled: 0 }),
    onBar(ctx) {
      const { market, ...what } = steps[ctx.state.asked++ % steps.length] as Step;
      act(ctx.market(ctx.markets[market]), { market, ...what });
    },
    onFill(ctx) {
      const { market, ...what } = fills[ctx.state.filled++ % fills.length] as Step;
      // Fills that answer fills without end would fill the book.
      if (ctx.state.filled < 200) act(ctx.market(ctx.markets[market]), { market, ...what });
    },
  });
  return { candles: marketsOf(seed), strategy, initialCapital: 1000, ...rules };
}

function checkMoney(result: BacktestResult): void {
  const scale = 10 ** result.settings.cashDecimals;
  const profit = result.trades.reduce((sum, trade) => sum + Math.round(trade.profit * scale), 0);
  expect(Math.round(result.finalCapital * scale)).toBe(1000 * scale + profit);
  const commission = result.trades.reduce((sum, trade) => sum + Math.round(trade.commission * scale), 0);
  expect(commission).toBe(Math.round(result.commission * scale));
  const funding = result.trades.reduce((sum, trade) => sum + Math.round((trade.funding ?? 0) * scale), 0);
  expect(funding).toBe(Math.round((result.funding ?? Number.NaN) * scale));
  for (const { market, funding: own } of result.trades) expect(own !== undefined).toBe(market === 'C');
}

/** What is held of all markets after each fill is within the leverage, at the prices of the fills. */
function checkPositions(result: BacktestResult): void {
  const held = new Map<string, number>();
  for (const { market = '', side, quantity, positionAfter, price } of result.fills) {
    const after = (held.get(market) ?? 0) + (side === 'buy' ? quantity : -quantity);
    expect(Math.abs(positionAfter - after) * price).toBeLessThan(1e-6);
    held.set(market, positionAfter);
  }
  for (const column of Object.values(result.equity.positions ?? {})) expect(column.at(-1)).toBe(0);
  expect(result.fills.map(({ time }) => time)).toEqual(
    result.fills.map(({ time }) => time).sort((a, b) => a - b),
  );
}

const inputs = [
  fc.nat(10_000),
  fc.array(step, { minLength: 1, maxLength: 30 }),
  fc.array(step, { minLength: 1, maxLength: 8 }),
  settings,
] as const;

test('of several markets cash and profits add up to the last unit, whatever a strategy orders', async () => {
  await checkProperty(
    fc.property(...inputs, (seed, steps, fills, rules) => {
      const options = optionsOf(seed + 1, steps, fills, rules);
      const result = runBacktest(options) as BacktestResult;
      checkMoney(result);
      checkPositions(result);
      expect(runBacktest(options).fingerprint).toBe(result.fingerprint);
    }),
    { runs: 450, part: 9 },
  );
});

test('what happens up to a time depends on nothing behind it in any market', async () => {
  await checkProperty(
    fc.property(...inputs, (seed, steps, fills, rules) => {
      const check = checkLookAhead(optionsOf(seed + 1, steps, fills, rules) as never, 6);
      expect(check.finding).toBeNull();
    }),
    { runs: 240, part: 9 },
  );
});
