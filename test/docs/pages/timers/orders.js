import { defineEvent, defineHandlers } from 'millrace/define';
import { createTestEngine } from 'millrace/testing';
import { z } from 'zod';

const schema = z.object({ orderId: z.string() });
const OrderPlaced = defineEvent('shop.order_placed', { schema, aggregateId: ({ orderId }) => orderId });
const OrderPaid = defineEvent('shop.order_paid', { schema, aggregateId: ({ orderId }) => orderId });
const OrderExpired = defineEvent('shop.order_expired', { schema, aggregateId: ({ orderId }) => orderId });
const OrderCancelled = defineEvent('shop.order_cancelled', { schema, aggregateId: ({ orderId }) => orderId });

const orders = defineHandlers('orders', (on) => {
  on(OrderPlaced, ({ data }, ctx) => ctx.schedule(OrderExpired(data), { in: '1h' }));
  on(OrderPaid, (_event, ctx) => ctx.cancel(OrderExpired));
  on(OrderExpired, ({ data }, ctx) => ctx.emit(OrderCancelled(data)));
});

await using engine = await createTestEngine({
  events: [OrderPlaced, OrderPaid, OrderExpired, OrderCancelled],
  handlers: [orders],
});
await engine.publishMany([
  OrderPlaced({ orderId: 'paid' }),
  OrderPlaced({ orderId: 'forgotten' }),
  OrderPaid({ orderId: 'paid' }),
]);
await engine.drain();
engine.clock.advance(3_600_000);
await engine.drain();
for await (const { type, aggregateId: id } of engine.read()) console.log(id, type);
