import { defineEvent, defineHandlers } from 'millrace/define';
import { z } from '#zod';

const Written = defineEvent('text.written', {
  schema: z.object({ id: z.string(), text: z.string(), also: z.string().optional() }),
  aggregateId: ({ id }) => id,
});

/** Fails with what it was given, so that dead letters hold the text as well. */
export default defineHandlers('hostile\x1b[2J', (on) => {
  on(
    Written,
    ({ data }) => {
      throw new Error(data.text);
    },
    { onFailure: 'skip' },
  );
});
