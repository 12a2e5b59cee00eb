import { command, defineAggregate } from 'millrace/aggregates';
import { z } from 'zod';
import { OrderCancelled, OrderPaid, OrderPlaced } from './events.mjs';

/** @typedef {{ status: string, amount: number }} State */

const place = z.object({ customer: z.string().min(1), amount: z.number().positive() });

export const Order = defineAggregate('order', {
  events: [OrderPlaced, OrderPaid, OrderCancelled],
  initial: () => ({ status: 'none', amount: 0 }),
  evolve: (state, event) => {
    if (event.type === 'orders.placed') return { status: 'open', amount: event.data.amount };
    return { ...state, status: event.type === 'orders.paid' ? 'paid' : 'cancelled' };
  },
  commands: {
    place: command(place, (/** @type {State} */ { status }, { customer, amount }, ctx) => {
      if (status !== 'none') ctx.refuse('exists', 'There is such an order already.');
      ctx.emit(OrderPlaced({ order: ctx.aggregateId, customer, amount }));
    }),
    pay: ({ status, amount }, /** @type {undefined} */ _input, ctx) => {
      if (status !== 'open') ctx.refuse(`is_${status}`, `The order is ${status}.`);
      ctx.emit(OrderPaid({ order: ctx.aggregateId }));
      return amount;
    },
    cancel: command(z.string(), (/** @type {State} */ { status }, reason, ctx) => {
      if (status === 'open') ctx.emit(OrderCancelled({ order: ctx.aggregateId, reason }));
    }),
  },
});
