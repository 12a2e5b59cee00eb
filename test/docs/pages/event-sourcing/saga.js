import { command, defineAggregate } from 'millrace/aggregates';
import { defineEvent, defineHandlers } from 'millrace/define';
import { createTestEngine } from 'millrace/testing';
import { z } from 'zod';

const about = (/** @type {string} */ name) =>
  defineEvent(name, {
    schema: z.object({ order: z.string(), sku: z.string() }),
    aggregateId: ({ order }) => order,
  });
const OrderPlaced = about('shop.order_placed');
const OrderConfirmed = about('shop.order_confirmed');
const OrderRejected = about('shop.order_rejected');
const stock = {
  schema: z.object({ sku: z.string(), order: z.string() }),
  aggregateId: (/** @type {{ sku: string }} */ { sku }) => sku,
};
const Reserved = defineEvent('shop.reserved', stock);
const SoldOut = defineEvent('shop.sold_out', stock);

const reservation = z.object({ order: z.string() });
const Stock = defineAggregate('stock', {
  events: [Reserved, SoldOut],
  initial: () => 2,
  evolve: (left, { type }) => (type === 'shop.reserved' ? left - 1 : left),
  commands: {
    reserve: command(reservation, (/** @type {number} */ left, { order }, ctx) => {
      const type = left > 0 ? Reserved : SoldOut;
      ctx.emit(type({ sku: ctx.aggregateId, order }));
    }),
  },
});
const Order = defineAggregate('order', {
  events: [OrderPlaced, OrderConfirmed, OrderRejected],
  initial: () => 'none',
  evolve: (_state, { type }) => type.replace('shop.order_', ''),
  commands: {
    confirm: (state, /** @type {string} */ sku, ctx) => {
      if (state === 'placed') ctx.emit(OrderConfirmed({ order: ctx.aggregateId, sku }));
    },
    reject: (state, /** @type {string} */ sku, ctx) => {
      if (state === 'placed') ctx.emit(OrderRejected({ order: ctx.aggregateId, sku }));
    },
  },
});

const reservations = defineHandlers('reservations', (on) => {
  on(OrderPlaced, ({ data: { order, sku } }, ctx) => ctx.execute(Stock, sku, 'reserve', { order }));
  on(Reserved, ({ data: { order, sku } }, ctx) => ctx.execute(Order, order, 'confirm', sku));
  on(SoldOut, ({ data: { order, sku } }, ctx) => ctx.execute(Order, order, 'reject', sku));
});

await using engine = await createTestEngine({
  events: [OrderPlaced, OrderConfirmed, OrderRejected, Reserved, SoldOut],
  aggregates: [Stock, Order],
  handlers: [reservations],
});
for (const order of ['o1', 'o2', 'o3']) await engine.publish(OrderPlaced({ order, sku: 'lamp' }));
await engine.drain();
for (const order of ['o1', 'o2', 'o3'])
  console.log(order, await engine.query(Order, order, (state) => state));
