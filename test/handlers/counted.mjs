import { defineEvent, defineHandlers, defineState } from 'millrace';
import { z } from '#zod';

/** One step of a key: `n` is added to its sum; `do` says what goes wrong. */
export const Stepped = defineEvent('state.stepped', {
  schema: z.object({ key: z.string(), n: z.number(), do: z.string().optional() }),
  aggregateId: (data) => data.key,
});

export const Told = defineEvent('state.told', {
  schema: z.object({ key: z.string(), sum: z.number(), steps: z.number() }),
  aggregateId: (data) => `told-${data.key}`,
  partitionKey: (data) => data.key,
});

export const Sum = defineState({ name: 'sum', initial: () => ({ sum: 0, steps: 0 }) });

export default defineHandlers('counted', (on) => {
  on(Stepped, { state: Sum, retries: 1, retryDelayMs: 1 }, (event, state, ctx) => {
    state.sum += event.data.n;
    state.steps++;
    if (event.data.do === 'fail-once' && ctx.attempt === 1) throw new Error('once');
    ctx.emit(Told({ key: event.data.key, sum: state.sum, steps: state.steps }));
  });
});
