import { setTimeout as sleep } from 'node:timers/promises';
import { defineEvent, defineHandlers, defineState } from 'millrace/define';
import { z } from '#zod';
import { Moved } from './ledger.mjs';
import { bellOf, timerOf } from './timed.mjs';

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

/** Published by timers that handlers of `Asked` schedule, to the same key. */
export const Rang = defineEvent('torture.rang', {
  schema: z.object({ key: z.string(), number: z.number() }),
  aggregateId: (data) => `bells-${data.key}`,
  partitionKey: (data) => data.key,
});

/** Emitted once for each `Rang`, to the same key. Nobody handles it. */
export const Chimed = defineEvent('torture.chimed', {
  schema: z.object({ key: z.string(), number: z.number() }),
  aggregateId: (data) => `chimes-${data.key}`,
  partitionKey: (data) => data.key,
});

/** Published by the child to have something that is to be packed. Nobody handles it. */
export const Laid = defineEvent('torture.laid', {
  schema: z.object({ key: z.string(), number: z.number(), padding: z.string() }),
  aggregateId: (data) => `laid-${data.key}`,
});

export const EVENTS = [Asked, Answered, Filed, Rang, Chimed, Laid, Moved];

/** What has been done of a key: how many answers and chimes, and the number of the last of either. */
export const Done = defineState({ name: 'done', initial: () => ({ answers: 0, chimes: 0, last: 0 }) });

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

/**
 * Answers a question, schedules what it wants, and counts. All of it before it can fail, as far as it does not wait: what a
 * failed try leaves behind is to be taken back.
 *
 * @param {import('millrace').EventOf<typeof Asked>} event
 * @param {{ answers: number, chimes: number, last: number }} done
 * @param {import('millrace/define').HandlerContext} ctx
 * @returns {void | Promise<void>}
 */
function answerTo({ data: { key, number }, occurredAt }, done, ctx) {
  const timer = timerOf(number, occurredAt);
  if (timer === 'cancel') ctx.cancel(bellOf(number));
  else if (timer) ctx.schedule(Rang({ key, number }), timer.at, { name: bellOf(number) });
  const answer = () => {
    done.answers++;
    done.last = number;
    ctx.emit(Answered({ key, number }));
  };
  if (ctx.attempt === 1 && number % FAILS === 0) {
    answer();
    throw new Error(`The first try of ${number} fails.`);
  }
  const wait = Number(ctx.shared.wait ?? 0);
  if (wait > 0 && number % WAITS > 0) return sleep((number * 7) % wait).then(answer);
  return number % WAITS === 0 ? Promise.resolve().then(answer) : answer();
}

export default defineHandlers('torture', (on) => {
  on(Asked, { retries: 3, state: Done }, answerTo);
  on(Answered, ({ data: { key, number } }, ctx) => ctx.emit(Filed({ key, number })));
  on(Rang, { state: Done }, ({ data: { key, number } }, done, ctx) => {
    ctx.emit(Chimed({ key, number }));
    return { ...done, chimes: done.chimes + 1, last: number };
  });
});
