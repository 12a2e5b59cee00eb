import { defineEvent } from 'millrace';
import { z } from '#zod';

/** Does what it says with the timers of its key, in order, and ends as `end` says. */
export const Acted = defineEvent('timer.acted', {
  schema: z.object({
    key: z.string(),
    acts: z.array(
      z.union([
        z.object({ set: z.string(), at: z.number(), acts: z.array(z.any()).optional() }),
        z.object({
          set: z.string(),
          in: z.union([z.number(), z.string()]),
          acts: z.array(z.any()).optional(),
        }),
        z.object({ cancel: z.string() }),
        z.object({ tell: z.string() }),
        // Emits an event of the same kind, which is handled in turn.
        z.object({ lead: z.array(z.any()) }),
      ]),
    ),
    end: z.string().optional(),
  }),
  aggregateId: (data) => data.key,
});

/** What a timer publishes; `acts` are done when it is handled. */
export const Rang = defineEvent('timer.rang', {
  schema: z.object({ key: z.string(), name: z.string(), acts: z.array(z.any()).optional() }),
  aggregateId: (data) => `rang-${data.key}`,
  partitionKey: (data) => data.key,
});

/** What is told to the key's log. Nobody handles it. */
export const Noted = defineEvent('timer.noted', {
  schema: z.object({ key: z.string(), what: z.string() }),
  aggregateId: (data) => `noted-${data.key}`,
  partitionKey: (data) => data.key,
});

export const TIMER_EVENTS = [Acted, Rang, Noted];
