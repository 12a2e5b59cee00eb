import { defineEvent } from 'millrace';
import { z } from 'zod';

const of = ({ account }: { account: string }) => `savings-${account}`;

/** An event type as an older program had it. */
export const Old = defineEvent('history.saved_cents', {
  schema: z.object({ account: z.string(), cents: z.number() }),
  aggregateId: of,
  partitionKey: ({ account }) => account,
});

/** The same one under another name and in another form. */
export const New = defineEvent('history.saved', {
  schema: z.object({ account: z.string(), amount: z.number() }),
  version: 2,
  aliases: ['history.saved_cents'],
  upcast: (data) => {
    const { account, cents } = data as { account: string; cents: number };
    return { account, amount: cents / 100 };
  },
  aggregateId: of,
  partitionKey: ({ account }) => account,
});
