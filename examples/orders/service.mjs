import { openEngine } from 'millrace';
import { OrderCancelled, OrderPaid, OrderPlaced, PaymentDue } from './events.mjs';

/**
 * Orders that are cancelled when they are not paid in time.
 *
 * @param {{ store: string, payWithinMs: number, threads?: number }} options
 */
export function openOrders({ store, payWithinMs, threads = 2 }) {
  return openEngine({
    store,
    threads,
    events: [OrderPlaced, OrderPaid, OrderCancelled, PaymentDue],
    aggregates: [new URL('./order.mjs', import.meta.url)],
    handlers: [new URL('./payment.handlers.mjs', import.meta.url)],
    shared: { payWithinMs },
  });
}
