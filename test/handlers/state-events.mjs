import { defineEvent, defineState } from 'millrace';
import { z } from '#zod';

/** One step of a key: `n` goes onto its list; `do` says what else happens. */
export const Stepped = defineEvent('state.stepped', {
  schema: z.object({ key: z.string(), n: z.number(), do: z.string().optional() }),
  aggregateId: (data) => data.key,
});

/** What a step has found and left. */
export const Told = defineEvent('state.told', {
  schema: z.object({ key: z.string(), n: z.number(), sum: z.number(), count: z.number() }),
  aggregateId: (data) => `told-${data.key}`,
  partitionKey: (data) => data.key,
});

/** Handled by a second module, with the same state. */
export const Doubled = defineEvent('state.doubled', {
  schema: z.object({ key: z.string() }),
  aggregateId: (data) => data.key,
});

/** Of an aggregate that another key may have. */
export const Crossed = defineEvent('state.crossed', {
  schema: z.object({ id: z.string(), key: z.string(), seen: z.number() }),
  aggregateId: (data) => data.id,
  partitionKey: (data) => data.key,
});

export const STATE_EVENTS = [Stepped, Told, Doubled];

/** The sum of a key's steps, how many there were, and the newest of them. */
export const Sum = defineState({
  name: 'sum',
  initial: () => ({ sum: 0, count: 0, last: [0] }),
  schema: z.object({ sum: z.number().max(1e9), count: z.number(), last: z.array(z.number()) }),
});

/** Of another kind, for the same keys. */
export const Seen = defineState({ name: 'seen', initial: () => 0 });
