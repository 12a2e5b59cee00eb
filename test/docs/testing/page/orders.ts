import { defineEvent, defineHandlers } from 'millrace/define';
import { z } from 'zod';

export const OrderPlaced = defineEvent('shop.order_placed', {
  schema: z.object({ order_id: z.string().min(1), customer: z.string(), amount: z.number() }),
  aggregateId: (data) => data.order_id,
});

export const OrderFlagged = defineEvent('shop.order_flagged', {
  schema: z.object({ order_id: z.string(), reason: z.string(), flagged_at: z.number() }),
  aggregateId: (data) => data.order_id,
});

export const events = [OrderPlaced, OrderFlagged];

export const risk = defineHandlers('risk', (on) => {
  on(
    OrderPlaced,
    ({ data: { order_id, amount } }, ctx) => {
      if (amount < 0) throw new RangeError(`amount ${amount} is below 0`);
      if (amount <= 1000) return;
      ctx.emit(OrderFlagged({ order_id, reason: `amount ${amount}`, flagged_at: ctx.now() }));
    },
    { retries: 1, retryDelayMs: 10_000, jitter: 0 },
  );
});
