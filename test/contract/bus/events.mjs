import { defineEvent } from 'millrace/define';
import { z } from '#zod';

/** In order per account, whatever aggregate it belongs to. */
export const Keyed = defineEvent('keyed.moved', {
  schema: z.object({ id: z.string(), account: z.string() }),
  aggregateId: (data) => data.id,
  partitionKey: (data) => data.account,
});
