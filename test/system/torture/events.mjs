import { setTimeout as sleep } from 'node:timers/promises';
import { defineEvent, defineHandlers } from 'millrace/define';
import { z } from '#zod';

/** Published by the child: several aggregates a key, so that order is by key and not by aggregate. */
export const Asked = defineEvent('torture.asked', {
  schema: z.object({ aggregate: z.string(), key: z.string(), number: z.number(), padding: z.string() }),
  aggregateId: (data) => data.aggregate,
  partitionKey: (data) => data.key,
});

/** Emitted once for each `Asked`, to the same key. */
export const Answered = defineEvent('torture.answered', {
  schema: z.object({ key: z.string(), number: z.number() }),
  aggregateId: (data) => `answers-${data.key}`,
  partitionKey: (data) => data.key,
});

/** Emitted once for each `Answered`, to a key of its own. Nobody handles it. */
export const Filed = defineEvent('torture.filed', {
  schema: z.object({ key: z.string(), number: z.number() }),
  aggregateId: (data) => `file-${data.key}`,
});

export const EVENTS = [Asked, Answered, Filed];

/**
 * The padding of a number: no two are alike, so that bytes of another event are noticed.
 *
 * @param {number} number
 * @param {number} length
 */
export function paddingOf(number, length) {
  const piece = `${number}|`;
  return piece.repeat(Math.ceil(length / piece.length)).slice(0, length);
}

/** Numbers whose first try fails, and numbers whose handler is asynchronous. */
const FAILS = 101;
const WAITS = 3;

export default defineHandlers('torture', (on) => {
  on(
    Asked,
    ({ data: { key, number } }, ctx) => {
      const answer = () => ctx.emit(Answered({ key, number }));
      if (ctx.attempt === 1 && number % FAILS === 0) {
        // What a failed try has emitted must not be seen either.
        answer();
        throw new Error(`The first try of ${number} fails.`);
      }
      const wait = Number(ctx.shared.wait ?? 0);
      if (wait > 0 && number % WAITS > 0) return sleep((number * 7) % wait).then(answer);
      return number % WAITS === 0 ? Promise.resolve().then(answer) : answer();
    },
    { retries: 3 },
  );
  on(Answered, ({ data: { key, number } }, ctx) => ctx.emit(Filed({ key, number })));
});
