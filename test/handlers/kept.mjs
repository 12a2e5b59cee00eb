import { setImmediate as turn } from 'node:timers/promises';
import { defineAggregate } from 'millrace/aggregates';
import { defineEvent, defineHandlers, defineState } from 'millrace/define';
import { z } from '#zod';

/** Put into a till by a publisher or by a command. */
export const Put = defineEvent('kept.put', {
  schema: z.object({ till: z.string(), amount: z.number(), dies: z.boolean().default(false) }),
  aggregateId: ({ till }) => till,
});

/** What the handler of a `Put` has in its state with it, and how many events of its till it has read before it. */
export const Told = defineEvent('kept.told', {
  schema: z.object({ till: z.string(), sum: z.number(), past: z.number() }),
  aggregateId: ({ till }) => `told-${till}`,
  partitionKey: ({ till }) => till,
});

/** What a timer publishes. */
export const Rang = defineEvent('kept.rang', {
  schema: z.object({ till: z.string(), amount: z.number() }),
  aggregateId: ({ till }) => `rang-${till}`,
  partitionKey: ({ till }) => till,
});

export const EVENTS = [Put, Told, Rang];

const Sum = defineState({ name: 'kept-sum', initial: () => ({ sum: 0, rang: 0 }) });

/** Of a till that is put into: amounts of 3, 6, … ring at once, others in a thousand years, unless the next is one of 2, 5, … */
export const FAR = 30_000_000_000_000;

export default defineHandlers('kept', (on) => {
  on(
    Put,
    { state: Sum, retries: 3, retryDelayMs: 1 },
    async ({ data: { till, amount, dies } }, state, ctx) => {
      state.sum += amount;
      if (amount % 3 === 0) ctx.schedule(Rang({ till, amount }), ctx.now(), { name: 'now' });
      else if (amount % 3 === 1) ctx.schedule(Rang({ till, amount }), FAR, { name: 'far' });
      else ctx.cancel('far');
      let past = 0;
      for await (const _ of ctx.history(till)) past++;
      ctx.emit(Told({ till, sum: state.sum, past }));
      if (!dies || ctx.attempt > 1) return;
      await turn();
      process.exit(1);
    },
  );
  on(Rang, { state: Sum }, (_event, { sum, rang }) => ({ sum, rang: rang + 1 }));
});

/** The same tills as aggregates: no more than a thousand goes into one. */
export const Till = defineAggregate('kept-till', {
  events: [Put],
  initial: () => ({ sum: 0 }),
  evolve: ({ sum }, { data }) => ({ sum: sum + data.amount }),
  commands: {
    put: ({ sum }, /** @type {{ amount: number }} */ { amount }, ctx) => {
      ctx.emit(Put({ till: ctx.aggregateId, amount }));
      if (sum + amount > 1000) ctx.refuse('full');
      return sum + amount;
    },
    die: (_state, /** @type {undefined} */ _) => process.exit(1),
  },
});
