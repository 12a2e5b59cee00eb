import { setImmediate as turn } from 'node:timers/promises';
import { defineEvent, defineHandlers } from 'millrace/define';
import { z } from '#zod';

const schema = z.object({
  key: z.string(),
  number: z.number(),
  /** What its handler does. */
  does: z.enum(['nothing', 'own', 'other', 'handled', 'waits', 'fails', 'parks', 'exits']),
});
const ofKey = { schema, aggregateId: (/** @type {{ key: string }} */ { key }) => key };
const ofAnother = {
  schema,
  aggregateId: (/** @type {{ key: string }} */ { key }) => `other-of-${key}`,
  partitionKey: (/** @type {{ key: string }} */ { key }) => key,
};
const seen = schema.extend({ version: z.number(), random: z.number() });

export const Mixed = defineEvent('mixed.asked', ofKey);
/** Published to another aggregate of the key, and handled. */
export const MixedOther = defineEvent('mixed.other_asked', ofAnother);
/** Emitted, and handled itself. */
export const MixedAgain = defineEvent('mixed.again', ofKey);
/** Emitted; nobody handles it. */
export const MixedSeen = defineEvent('mixed.seen', { ...ofKey, schema: seen });
export const MixedOtherSeen = defineEvent('mixed.other_seen', { ...ofAnother, schema: seen });
/** Published, and nobody handles it. */
export const MixedPlain = defineEvent('mixed.plain', ofAnother);

export const MIXED_EVENTS = [Mixed, MixedOther, MixedAgain, MixedSeen, MixedOtherSeen, MixedPlain];

export default defineHandlers('mixed', (on) => {
  /** @type {import('millrace').Handler<z.infer<typeof schema>>} */
  const handle = (event, ctx) => {
    const { data, version } = event;
    const note = () => ({ ...data, version, random: ctx.random() });
    switch (data.does) {
      case 'nothing':
        return;
      case 'own':
        return ctx.emit(MixedSeen(note()));
      case 'other':
        return ctx.emit(MixedOtherSeen(note()));
      case 'handled':
        return ctx.emit(MixedAgain({ ...data, does: 'own' }));
      case 'waits':
        return turn().then(() => ctx.emit(MixedSeen(note())));
      case 'exits':
        if (ctx.attempt === 1) process.exit(3);
        return ctx.emit(MixedSeen(note()));
      case 'parks':
        throw new Error('each try fails');
      case 'fails':
        ctx.emit(MixedSeen(note()));
        if (ctx.attempt === 1) throw new Error('the first try fails');
    }
  };
  const patient = { retries: 1, retryDelayMs: 1 };
  on(Mixed, handle, patient);
  on(MixedOther, handle, patient);
  on(MixedAgain, handle, patient);
});
