import { defineEvent } from 'millrace/define';
import { z } from 'zod';

const aggregateId = (/** @type {{ order: string }} */ { order }) => order;

export const OrderPlaced = defineEvent('orders.placed', {
  schema: z.object({ order: z.string(), customer: z.string(), amount: z.number().positive() }),
  aggregateId,
});
export const OrderPaid = defineEvent('orders.paid', { schema: z.object({ order: z.string() }), aggregateId });
export const OrderCancelled = defineEvent('orders.cancelled', {
  schema: z.object({ order: z.string(), reason: z.string() }),
  aggregateId,
});

/** A timer's event, of its own aggregate and of the order's key. */
export const PaymentDue = defineEvent('orders.payment_due', {
  schema: z.object({ order: z.string() }),
  aggregateId: ({ order }) => `payment of ${order}`,
  partitionKey: ({ order }) => order,
});
