import { defineEvent } from 'millrace';
import { z } from '#zod';

/** Something that happens to an account; the account of another branch is another aggregate of the same key. */
export const Booked = defineEvent('history.booked', {
  schema: z.object({
    account: z.string(),
    branch: z.string(),
    amount: z.number(),
    do: z.string().optional(),
    bytes: z.instanceof(Uint8Array).optional(),
  }),
  aggregateId: ({ account, branch }) => `${account}@${branch}`,
  partitionKey: ({ account }) => account,
});

/** What a handler has read: of each event of the history its version, type and amount. */
export const Reviewed = defineEvent('history.reviewed', {
  schema: z.object({ account: z.string(), of: z.string(), seen: z.array(z.any()), attempt: z.number() }),
  aggregateId: ({ account }) => `reviews-of-${account}`,
  partitionKey: ({ account }) => account,
});

export const HISTORY_EVENTS = [Booked, Reviewed];
