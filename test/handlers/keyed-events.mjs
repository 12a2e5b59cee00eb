import { defineEvent } from 'millrace/define';
import { z } from '#zod';

/** Its key is not its aggregate. */
export const Keyed = defineEvent('keyed.keyed', {
  schema: z.object({ order: z.string(), customer: z.string() }),
  aggregateId: (data) => data.order,
  partitionKey: (data) => data.customer,
});

export const Plain = defineEvent('keyed.plain', {
  schema: z.object({ order: z.string() }),
  aggregateId: (data) => data.order,
});

/** Emitted for each of them, with the key that its handler saw. */
export const KeySeen = defineEvent('keyed.seen', {
  schema: z.object({ seen: z.string(), key: z.string() }),
  aggregateId: (data) => data.seen,
});
