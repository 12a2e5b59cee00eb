import { defineEvent, defineHandlers } from 'millrace/define';
import { z } from 'zod';

const order = z.object({
  order: z.string().min(1),
  customer: z.string(),
  amount: z.number(),
  tags: z.array(z.string()).default([]),
});

export const Placed = defineEvent('shop.placed', {
  schema: order,
  aggregateId: (data) => data.order,
  partitionKey: (data) => data.customer,
});

export const Flagged = defineEvent('shop.flagged', {
  schema: z.object({ order: z.string(), reason: z.string(), at: z.number(), chance: z.number() }),
  aggregateId: (data) => `flag-${data.order}`,
});

export const Paid = defineEvent('shop.paid', {
  schema: z.object({ order: z.string(), tries: z.number().default(0) }),
  aggregateId: (data) => data.order,
});

/** In no engine's `events`. */
export const Unheard = defineEvent('shop.unheard', {
  schema: z.object({ order: z.string() }),
  aggregateId: (data) => data.order,
});

export const SHOP_EVENTS = [Placed, Flagged, Paid];

/** Flags large orders, and what it flags leads nowhere. */
export const risk = defineHandlers('risk', (on) => {
  on(Placed, ({ data: { order, amount } }, ctx) => {
    if (amount < 0) throw new RangeError(`amount ${amount} is below 0`);
    if (amount > 100) {
      ctx.emit(Flagged({ order, reason: `amount ${amount}`, at: ctx.now(), chance: ctx.random() }));
    }
  });
});

/** Fails as often as the event says, and has two retries, the first after ten seconds. */
export const payments = defineHandlers('payments', (on) => {
  on(
    Paid,
    async ({ data: { order, tries } }, ctx) => {
      await null;
      if (ctx.attempt <= tries) throw Object.assign(new Error(`try ${ctx.attempt}`), { code: 'E_BANK' });
      ctx.emit(Flagged({ order, reason: `paid on try ${ctx.attempt}`, at: ctx.now(), chance: 0 }));
    },
    { retries: 2, retryDelayMs: 10_000, jitter: 0 },
  );
});

/** An order of `customer`, who is also the key. */
export function placed(order: string, amount: number, customer = 'ann') {
  return Placed({ order, customer, amount });
}
