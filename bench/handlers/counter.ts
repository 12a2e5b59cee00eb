import { command, defineAggregate } from 'millrace/aggregates';
import { z } from 'zod';
import { makeOrder, OrderPlaced } from '../support/events.js';

/** A small decider: it adds an order's quantity up, and refuses what would be too much. */
export const Counter = defineAggregate('counter', {
  events: [OrderPlaced],
  initial: () => ({ orders: 0, quantity: 0 }),
  evolve: ({ orders, quantity }, { data }) => ({ orders: orders + 1, quantity: quantity + data.quantity }),
  commands: {
    place: command(
      z.object({ index: z.number() }),
      (state: { readonly orders: number; readonly quantity: number }, { index }, ctx) => {
        if (state.orders > 1e9) ctx.refuse('too_many');
        ctx.emit(OrderPlaced(makeOrder(ctx.aggregateId, index)));
        return state.orders + 1;
      },
    ),
  },
});
