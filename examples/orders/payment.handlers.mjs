import { defineHandlers } from 'millrace/define';
import { OrderPaid, OrderPlaced, PaymentDue } from './events.mjs';
import { Order } from './order.mjs';

export default defineHandlers('payment', (on) => {
  on(OrderPlaced, ({ data: { order } }, ctx) => {
    ctx.schedule(PaymentDue({ order }), { in: Number(ctx.shared.payWithinMs) }); // survives a restart
  });
  on(OrderPaid, (_event, ctx) => ctx.cancel(PaymentDue));
  on(PaymentDue, ({ data: { order } }, ctx) => {
    ctx.execute(Order, order, 'cancel', 'not paid in time'); // done once, also after a crash
  });
});
