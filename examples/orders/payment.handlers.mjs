import { defineHandlers } from 'millrace/define';
import { OrderPaid, OrderPlaced, PaymentDue } from './events.mjs';

export default defineHandlers('payment', (on) => {
  on(OrderPlaced, ({ data: { order } }, ctx) => {
    ctx.schedule(PaymentDue({ order }), { in: Number(ctx.shared.payWithinMs) }); // survives a restart
  });
  on(OrderPaid, (_event, ctx) => ctx.cancel(PaymentDue));
});
