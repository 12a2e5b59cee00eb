import { defineEvent, defineHandlers } from 'millrace/define';
import { specify } from 'millrace/testing';
import { z } from 'zod';

const schema = z.object({ orderId: z.string() });
const OrderPlaced = defineEvent('shop.order_placed', { schema, aggregateId: ({ orderId }) => orderId });
const OrderExpired = defineEvent('shop.order_expired', { schema, aggregateId: ({ orderId }) => orderId });

const orders = defineHandlers('orders', (on) => {
  on(OrderPlaced, ({ data }, ctx) => ctx.schedule(OrderExpired(data), { in: '1h' }));
});

const order = { orderId: 'o1' };
const { scheduled } = await specify(orders, { events: [OrderPlaced, OrderExpired] })
  .when(OrderPlaced(order))
  .thenSchedules({ event: OrderExpired(order), at: { in: '1h' } });
for (const { name, at } of scheduled) console.log(name, new Date(at).toISOString());
