import { join } from 'node:path';
import { defineStrategy, readBacktest, type StrategyContext, storeBacktest } from 'millrace/backtest';
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

describe('orders of the level trades, whose end is no event', () => {
  test('that were filled in part and then cancelled, or expired, say that it is not known which', async () => {
    const market = randomCandles(8, 60);
    market.volume.fill(10);
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
    const cut = orders.filter(({ status }) => status === 'cancelled' || status === 'expired');
    expect(cut.map(({ tag, status }) => [tag, status])).toEqual([
      ['cancelled', 'cancelled'],
      ['expired', 'expired'],
      ['at the end', 'expired'],
    ]);
    for (const told of [readBacktest(store), readBacktest(store, { candles: market })]) {
      for (const { number, filledQuantity, quantity } of cut) {
        expect(told.orders.find((order) => order.number === number)).toMatchObject({
          status: 'partially_filled',
          filledQuantity,
          quantity,
          endTime: null,
          reason: expect.stringMatching(/cancelled or has expired: the log does not say/),
        });
      }
      expect(told.orders.find(({ tag }) => tag === 'filled')).toMatchObject({
        status: 'filled',
        reason: null,
      });
    }
    const full = newStore();
    await storeBacktest(full, { ...rules, level: 'full' });
    expect(readBacktest(full).orders).toEqual(orders);
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
