import { defineEvent, defineHandlers } from 'millrace/define';
import { z } from '#zod';

/** Leads to a `Drawn`, and to as many further rounds of its key as `rounds` says. */
export const Rolled = defineEvent('dice.rolled', {
  schema: z.object({ key: z.string(), number: z.number(), rounds: z.number() }),
  aggregateId: ({ key }) => key,
});

/** What a handler got from its context. Another aggregate of the same key; handled itself. */
export const Drawn = defineEvent('dice.drawn', {
  schema: z.object({
    key: z.string(),
    number: z.number(),
    random: z.array(z.number()),
    now: z.number(),
    /** The real time, which differs from run to run. */
    wall: z.number(),
  }),
  aggregateId: ({ key }) => `drawn-${key}`,
  partitionKey: ({ key }) => key,
  volatile: ['wall'],
});

/** The end of a chain. Nobody handles it. */
export const Seen = defineEvent('dice.seen', {
  schema: z.object({ key: z.string(), number: z.number(), random: z.number() }),
  aggregateId: ({ key }) => key,
});

/** Its handler emits whatever it says, to any aggregate and key. */
export const Stray = defineEvent('dice.stray', {
  schema: z.object({ id: z.string(), key: z.string(), emits: z.object({ id: z.string(), key: z.string() }) }),
  aggregateId: ({ id }) => id,
  partitionKey: ({ key }) => key,
});

export const Strayed = defineEvent('dice.strayed', {
  schema: z.object({ id: z.string(), key: z.string() }),
  aggregateId: ({ id }) => id,
  partitionKey: ({ key }) => key,
});

/** Its handler uses Math.random, which the promise does not cover. */
export const Planted = defineEvent('dice.planted', {
  schema: z.object({ key: z.string() }),
  aggregateId: ({ key }) => key,
});

export const DICE_EVENTS = [Rolled, Drawn, Seen, Stray, Strayed, Planted];

/** Real time of random length, so that two runs never take the same course. */
function delay() {
  const choice = Math.random();
  if (choice < 0.3) return Promise.resolve();
  if (choice < 0.6) return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => setTimeout(resolve, Math.random() * 2));
}

export default defineHandlers('determinism', (on) => {
  on(Rolled, ({ data: { key, number, rounds } }, ctx) => {
    const roll = () => {
      const random = [ctx.random(), ctx.random()];
      ctx.emit(Drawn({ key, number, random, now: ctx.now(), wall: performance.now() }));
      if (rounds > 0) ctx.emit(Rolled({ key, number: number + 1000, rounds: rounds - 1 }));
    };
    return number % 2 === 0 ? roll() : delay().then(roll);
  });
  on(Drawn, async ({ data: { key, number } }, ctx) => {
    await delay();
    ctx.emit(Seen({ key, number, random: ctx.random() }));
  });
  on(Stray, ({ data: { emits } }, ctx) => ctx.emit(Strayed(emits)));
  on(Planted, ({ data: { key } }, ctx) => ctx.emit(Seen({ key, number: 0, random: Math.random() })));
});
