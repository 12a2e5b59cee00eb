import { openEngine } from 'millrace';
import { OrderCancelled, OrderPaid, OrderPlaced, PaymentDue } from './events.mjs';
import { Order } from './order.mjs';

/**
 * Orders that are cancelled when they are not paid in time.
 *
 * @param {{ store: string, payWithinMs: number, threads?: number }} options
 */
export async function openOrders({ store, payWithinMs, threads = 2 }) {
  const engine = await openEngine({
    store,
    threads,
    events: [OrderPlaced, OrderPaid, OrderCancelled, PaymentDue],
    aggregates: [new URL('./order.mjs', import.meta.url)],
    handlers: [new URL('./payment.handlers.mjs', import.meta.url)],
    shared: { payWithinMs },
  });
  // It remembers by name what is done. The command is refused nothing and done once, also when it is asked again after a crash.
  await engine.consumers.start({
    name: 'unpaid orders',
    types: [PaymentDue],
    handle: async ({ id, data: { order } }) => {
      await engine.execute(Order, order, 'cancel', 'not paid in time', { commandId: id });
    },
  });
  return engine;
}
