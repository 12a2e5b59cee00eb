import { defineEvent, defineHandlers } from 'millrace/define';
import { z } from 'zod';

const schema = z.object({ order_id: z.string(), amount: z.number() });

export const OrderPlaced = defineEvent('shop.order_placed', { schema, aggregateId: (data) => data.order_id });
export const OrderFlagged = defineEvent('shop.order_flagged', {
  schema,
  aggregateId: (data) => data.order_id,
});

export default defineHandlers('risk', (on) => {
  on(OrderPlaced, ({ data }, ctx) => {
    if (data.amount < 0) throw new RangeError(`amount ${data.amount} is below 0`);
    if (data.amount > 1000) ctx.emit(OrderFlagged(data));
  });
});
