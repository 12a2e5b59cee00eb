import fc from 'fast-check';
import {
  type BacktestOptions,
  type CandleRow,
  type Candles,
  candlesFromRows,
  defineStrategy,
  type OrderRequest,
  runBacktest,
  type StrategyContext,
} from 'millrace/backtest';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { randomCandles } from '../../support/backtest/helpers.js';
import { checkProperty } from '../../support/property.js';

/** What a random strategy does on a candle. Distances are fractions of the close. */
interface Step {
  readonly act: 'nothing' | 'buy' | 'sell' | 'target' | 'exit' | 'cancel';
  readonly kind: 'market' | 'limit' | 'stop' | 'stop_limit' | 'trail';
  readonly size: 'quantity' | 'value' | 'fraction' | 'risk';
  readonly amount: number;
  readonly distance: number;
  readonly exits: boolean;
  readonly reduceOnly: boolean;
}

const steps = fc.array(
  fc.record<Step>({
    act: fc.constantFrom('nothing', 'buy', 'sell', 'target', 'exit', 'cancel'),
    kind: fc.constantFrom('market', 'limit', 'stop', 'stop_limit', 'trail'),
    size: fc.constantFrom('quantity', 'value', 'fraction', 'risk'),
    amount: fc.double({ min: 0.01, max: 1.5, noNaN: true }),
    distance: fc.double({ min: -0.05, max: 0.05, noNaN: true }),
    exits: fc.boolean(),
    reduceOnly: fc.boolean(),
  }),
  { minLength: 1, maxLength: 30 },
);

const settings = fc.record({
  fill: fc.constantFrom('next_open' as const, 'next_close' as const, 'this_close' as const),
  commission: fc.constantFrom(0, 0.001, { maker: 0.001, taker: 0.002, minimum: 0.5 }),
  leverage: fc.constantFrom(1, 3),
  maintenanceMargin: fc.constantFrom(0, 0.05),
  lotSize: fc.constantFrom(0, 0.1),
  volumeShare: fc.constantFrom(0, 0.7),
  insideBar: fc.constantFrom('stop_first' as const, 'target_first' as const),
  slippage: fc.constantFrom(0, { fraction: 0.001, volume: 0.01 }),
  spread: fc.constantFrom(0, 0.001),
  path: fc.constantFrom('unknown' as const, 'high_first' as const, 'low_first' as const),
});

function requestOf(step: Step, close: number): OrderRequest {
  const { kind, size, amount, distance, exits, reduceOnly } = step;
  const price = close * (1 + distance);
  const sized = {
    [size]: size === 'quantity' ? amount * 5 : size === 'value' ? amount * 500 : Math.min(amount, 1),
  };
  return {
    ...(size === 'risk' ? { risk: 0.01 * amount, stopLossFraction: 0.02 } : sized),
    ...(kind === 'limit' && { limit: price }),
    ...(kind === 'stop' && { stop: price }),
    ...(kind === 'stop_limit' && { stop: price, limit: close * (1 + distance * 1.1) }),
    ...(kind === 'trail' && { trailFraction: 0.01 + Math.abs(distance) }),
    ...(exits && { takeProfitFraction: 0.02, trailingFraction: 0.03 }),
    reduceOnly,
  };
}

function act(ctx: StrategyContext, step: Step): void {
  if (step.act === 'buy' || step.act === 'sell') ctx[step.act](requestOf(step, ctx.close));
  if (step.act === 'target') ctx.target(step.distance * 20, step.exits ? { stopLossFraction: 0.02 } : {});
  if (step.act === 'exit') ctx.exit();
  if (step.act === 'cancel') ctx.cancelAll();
}

type Rules = Partial<BacktestOptions> & { readonly path?: 'unknown' | 'high_first' | 'low_first' };

function run(seed: number, plan: readonly Step[], { path = 'unknown', ...rules }: Rules) {
  const strategy = defineStrategy({
    name: 'random',
    parameters: z.object({}),
    onBar: (ctx) => act(ctx as StrategyContext, plan[ctx.index % plan.length] as Step),
  });
  const candles = withVolume(randomCandles(seed, 60));
  const finer = path === 'unknown' ? undefined : quartersOf(candles, path === 'high_first');
  return { candles, result: runBacktest({ ...rules, candles, finer, strategy, initialCapital: 1000 }) };
}

/** Four candles of each, on the way from its open over its high and low to its close. */
function quartersOf(candles: Candles, highFirst: boolean): Candles {
  const rows = Array.from({ length: candles.length }, (_, index): CandleRow[] => {
    const at = (name: 'time' | 'open' | 'high' | 'low' | 'close') => candles[name][index] as number;
    const [first, second] = highFirst ? [at('high'), at('low')] : [at('low'), at('high')];
    const points = [at('open'), first, (first + second) / 2, second, at('close')];
    return [0, 1, 2, 3].map((quarter): CandleRow => {
      const [open = 0, close = 0] = points.slice(quarter, quarter + 2);
      const time = at('time') + quarter * 21_600_000;
      return { time, open, close, high: Math.max(open, close), low: Math.min(open, close), volume: 1 };
    });
  });
  return candlesFromRows(rows.flat());
}

/** Enough volume that orders are mostly filled, little enough that some are in parts. */
function withVolume(candles: Candles): Candles {
  return candlesFromRows(
    Array.from({ length: candles.length }, (_, index) => ({
      time: candles.time[index] as number,
      open: candles.open[index] as number,
      high: candles.high[index] as number,
      low: candles.low[index] as number,
      close: candles.close[index] as number,
      volume: 1 + (index % 7),
    })),
  );
}

const UNITS = 1e8;
const units = (amount: number) => Math.round(amount * UNITS);

test('initial capital plus the profit of all trades is the final cash, to the last unit', async () => {
  await checkProperty(
    fc.property(fc.nat(9999), steps, settings, (seed, plan, rules) => {
      const { result } = run(seed, plan, rules);
      const profit = result.trades.reduce((sum, trade) => sum + units(trade.profit), 0);
      expect(units(result.fills.at(-1)?.cashAfter ?? 1000)).toBe(units(1000) + profit);
      expect(units(result.finalCapital)).toBe(units(1000) + profit);
      // A position that went from one side to the other is two trades, whose commissions are parts of one.
      const commission = result.trades.reduce((sum, trade) => sum + units(trade.commission), 0);
      expect(units(result.commission)).toBe(commission);
    }),
    { runs: 300 },
  );
});

test('no fill is outside of the range of its candle, but for the spread and slippage that it says', async () => {
  await checkProperty(
    fc.property(fc.nat(9999), steps, settings, (seed, plan, rules) => {
      const { candles, result } = run(seed, plan, rules);
      for (const fill of result.fills) {
        const market = fill.price - (fill.side === 'buy' ? fill.slippage : -fill.slippage);
        const slack = market * 1e-12;
        expect(market).toBeLessThanOrEqual((candles.high[fill.index] as number) + slack);
        expect(market).toBeGreaterThanOrEqual((candles.low[fill.index] as number) - slack);
      }
    }),
    { runs: 300 },
  );
});

test('an order ends once, fills no more than it says, and never before or on the candle of its making', async () => {
  await checkProperty(
    fc.property(fc.nat(9999), steps, settings, (seed, plan, rules) => {
      const { result } = run(seed, plan, { ...rules, fill: 'next_open' });
      for (const order of result.orders) {
        const own = result.fills.filter((fill) => fill.order === order.number);
        const filled = own.reduce((sum, fill) => sum + fill.quantity, 0);
        expect(filled).toBeCloseTo(order.filledQuantity, 9);
        if (order.quantity !== null) expect(filled).toBeLessThanOrEqual(order.quantity * (1 + 1e-9));
        expect(order.status === 'filled').toBe(own.length > 0 && order.reason === null);
        expect(order.status).not.toBe('open');
        expect(order.endTime).not.toBeNull();
        expect(own.every((fill) => fill.index >= order.index)).toBe(true);
        const limit = order.limitPrice;
        if (limit === null) continue;
        expect(own.every(({ price, side }) => (side === 'buy' ? price <= limit : price >= limit))).toBe(true);
      }
      const made = result.orders.filter(({ tag }) => tag === null);
      const early = result.fills.filter(
        (fill) => made.find(({ number }) => number === fill.order)?.index === fill.index,
      );
      // Only what was made in a fill of the same candle: exits.
      expect(early.every((fill) => made.find(({ number }) => number === fill.order)?.kind !== 'market')).toBe(
        true,
      );
    }),
    { runs: 200 },
  );
});

test('an account without leverage never owes cash, and an equal run is equal to the last bit', async () => {
  await checkProperty(
    fc.property(fc.nat(9999), steps, settings, (seed, plan, rules) => {
      const { result } = run(seed, plan, { ...rules, leverage: 1 });
      expect(result.fills.every((fill) => fill.cashAfter >= 0 || fill.positionAfter <= 0)).toBe(true);
      expect(run(seed, plan, { ...rules, leverage: 1 }).result.fingerprint).toBe(result.fingerprint);
    }),
    { runs: 100 },
  );
});
