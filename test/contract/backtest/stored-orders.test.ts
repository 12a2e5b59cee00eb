import { join } from 'node:path';
import {
  defineStrategy,
  type OrderRow,
  readBacktest,
  type StrategyContext,
  storeBacktest,
  sweep,
} from 'millrace/backtest';
import { openStoreReader } from 'millrace/store';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { type Data, randomCandles } from '../../support/backtest/helpers.js';
import { tempFolder } from '../../support/temp-folder.js';

// Engines are opened here, beside all other test files.
vi.setConfig({ testTimeout: 120_000 });

const folder = tempFolder();
let stores = 0;
const newStore = () => join(folder, `orders-${++stores}.db`);
const candles = randomCandles(8, 120);

const doing = (onBar: (ctx: StrategyContext) => void) =>
  defineStrategy({ name: 'orders', parameters: z.object({}), onBar });

/** The events of an order that a store of the level full has. */
function placings(store: string, number: number): { at: number; data: Data }[] {
  using reader = openStoreReader(store);
  return [...reader.read({ types: ['trading.order_placed'] })]
    .filter(({ aggregateId }) => aggregateId.endsWith(`/order-${number}`))
    .map(({ occurredAt, data }) => ({ at: occurredAt, data: data as Data }));
}

describe('orders of the level trades that were filled in part, whose end is no event', () => {
  const market = randomCandles(8, 60);
  market.volume.fill(10);

  test('are told with it, of a run of its own', async () => {
    const strategy = doing((ctx) => {
      if (ctx.index === 5) ctx.buy({ quantity: 8, tag: 'cancelled' });
      if (ctx.index === 7) ctx.cancelAll();
      if (ctx.index === 20) ctx.buy({ quantity: 8, expireAfter: 2, tag: 'expired' });
      if (ctx.index === 30) ctx.sell({ quantity: 1, tag: 'filled' });
      if (ctx.index === 58) ctx.buy({ quantity: 8, tag: 'at the end' });
    });
    const rules = { candles: market, strategy, volumeShare: 0.1, initialCapital: 1e6 };
    const store = newStore();
    const { orders } = await storeBacktest(store, rules);
    const ends = orders.map(({ tag, status }) => [tag, status]);
    expect(ends).toContainEqual(['cancelled', 'cancelled']);
    expect(ends).toContainEqual(['expired', 'expired']);
    expect(ends).toContainEqual(['at the end', 'expired']);
    const end = ({ number, status, filledQuantity, quantity, endTime, reason }: OrderRow) => [
      ...[number, status, filledQuantity, quantity, endTime, reason],
    ];
    const filled = orders.filter(({ filledQuantity }) => filledQuantity > 0).map(end);
    for (const told of [readBacktest(store), readBacktest(store, { candles: market })])
      expect(told.orders.map(end)).toEqual(filled);
    const full = newStore();
    await storeBacktest(full, { ...rules, level: 'full' });
    expect(readBacktest(full).orders).toEqual(orders);
  });

  test('say of a run of a sweep that it is not known', async () => {
    const store = newStore();
    const grid = { fast: [3], slow: [8] };
    const rules = { volumeShare: 0.1, initialCapital: 1e6 };
    await sweep({ candles: market, strategy: 'ma-cross', grid, threads: 0, store, ...rules });
    const { orders } = readBacktest(store);
    const cut = orders.filter(({ status }) => status === 'partially_filled');
    expect(cut.length).toBeGreaterThan(0);
    for (const { reason, endTime } of cut) {
      expect(reason).toMatch(/cancelled or has expired: the log does not say/);
      expect(endTime).toBeNull();
    }
    expect(orders.every(({ status }) => status === 'partially_filled' || status === 'filled')).toBe(true);
  });
});

describe('orders of the level full that had no room when they were made', () => {
  test.each<[string, (ctx: StrategyContext) => void]>([
    [
      'an exit and an order for all of the equity on one candle',
      (ctx) => {
        if (ctx.index % 10 === 0) ctx.buy({ fraction: 1 });
        if (ctx.index % 10 !== 5) return;
        ctx.exit();
        ctx.buy({ fraction: 1 });
      },
    ],
    [
      'a stop that is set before there is a position',
      (ctx) => {
        if (ctx.index % 20 !== 0) return;
        ctx.cancelAll();
        ctx.sell({ stop: ctx.close * 0.97, reduceOnly: true });
        ctx.buy({ stop: ctx.close * 1.001, fraction: 0.5 });
      },
    ],
    [
      'one that reduces by a value, a fraction and a quantity, before there is a position',
      (ctx) => {
        if (ctx.index % 20 !== 0) return;
        ctx.buy({ fraction: 0.9 });
        ctx.sell({ reduceOnly: true, value: 100 });
        ctx.sell({ reduceOnly: true, fraction: 0.1 });
        ctx.sell({ reduceOnly: true, quantity: 0.5 });
        ctx.sell({ reduceOnly: true, limit: ctx.close * 1.02 });
      },
    ],
    [
      'one of a value and of a risk, beside one that makes room for them',
      (ctx) => {
        if (ctx.index % 12 === 0) ctx.buy({ fraction: 1 });
        if (ctx.index % 12 !== 6) return;
        ctx.target(0);
        ctx.buy({ value: 400 });
        ctx.buy({ risk: 0.02, stopLossFraction: 0.1 });
      },
    ],
    [
      'a target that is reached when it is made, and not when it is filled',
      (ctx) => {
        if (ctx.index % 9 !== 0) return;
        if (ctx.isFlat) ctx.buy({ fraction: 0.5 });
        ctx.target(0);
        ctx.target(0);
      },
    ],
  ])('%s: what is read back is what was computed', async (_, onBar) => {
    const store = newStore();
    const result = await storeBacktest(store, { candles, strategy: doing(onBar), level: 'full' });
    expect(result.fills.length).toBeGreaterThan(10);
    expect(readBacktest(store, { candles }).orders).toEqual(result.orders);
    expect(readBacktest(store).orders).toEqual(result.orders);
  });

  test('are told when they are made, as an estimate, and once more when they are filled', async () => {
    const store = newStore();
    const strategy = doing((ctx) => {
      if (ctx.index === 0) ctx.sell({ stop: 1e-3, reduceOnly: true });
      if (ctx.index === 1) ctx.buy({ fraction: 1 });
      if (ctx.index !== 3) return;
      ctx.exit();
      ctx.buy({ fraction: 1 });
    });
    const result = await storeBacktest(store, { candles, strategy, level: 'full' });
    const [stop] = placings(store, 1);
    expect(stop?.at).toBe(candles.time[0]);
    expect(stop?.data).toMatchObject({
      exec_type: 'submitted',
      order_metadata: { estimated: true, sized_by: 'position' },
    });
    const [made, filled] = placings(store, 4);
    expect([made?.at, filled?.at]).toEqual([candles.time[3], candles.time[4]]);
    expect(made?.data).toMatchObject({ exec_type: 'submitted', order_metadata: { estimated: true } });
    expect(filled?.data).toMatchObject({ exec_type: 'updated' });
    expect(filled?.data.order_metadata).not.toHaveProperty('estimated');
    expect(Number(filled?.data.quantity)).toBe(result.orders[3]?.quantity);
  });
});
