import { defineHandlers } from 'millrace/define';
import { Endangered, Survived } from './events.mjs';

/**
 * @typedef {import('millrace').DomainEvent<{ id: string, number: number, peril: keyof typeof PERILS, tries: number }>} Event
 * @typedef {import('millrace').HandlerContext} Context
 */

/** Longer than any thread in these tests lives, once somebody means to end it. */
const SLOW_MS = 40;

/** The URL may say how long a handler may take. */
const timeoutMs = Number(new URL(import.meta.url).searchParams.get('timeoutMs') ?? 300);

const forever = () => new Promise(() => {});

/** What each peril does; one that returns lets the event succeed. */
const PERILS = {
  none: () => {},
  exit: () => process.exit(3),
  uncaught: () => {
    setTimeout(() => {
      throw new TypeError('thrown where nobody catches');
    });
    return forever();
  },
  rejection: () => {
    Promise.reject(new RangeError('rejected where nobody looks'));
    return forever();
  },
  memory: () => {
    const hoard = [];
    while (true) hoard.push(new Array(100_000).fill(hoard.length));
  },
  loop: () => {
    while (true);
  },
  hang: forever,
  /** @param {Context} ctx */
  polite: (ctx) => {
    while (true) ctx.signal.throwIfAborted();
  },
  /** @param {Context} ctx */
  listening: (ctx) =>
    new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason))),
  /** @param {Context} ctx */
  late: (ctx) => {
    while (!ctx.signal.aborted);
  },
  /** @param {Context} ctx */
  lateAsync: (ctx) => new Promise((resolve) => ctx.signal.addEventListener('abort', resolve)),
  loopLater: async () => {
    await null;
    while (true);
  },
  afterwards: () => {
    setTimeout(() => {
      throw new TypeError('thrown when the event was finished');
    });
  },
  slow: () => new Promise((resolve) => setTimeout(resolve, SLOW_MS)),
  /** @param {Context} ctx */
  unlimited: (ctx) => {
    if (ctx.signal.aborted) throw new Error('a signal without a deadline has aborted');
  },
};

/** @param {Event} event @param {Context} ctx */
async function meet({ data: { id, number, peril, tries } }, ctx) {
  if (ctx.attempt <= tries) await PERILS[peril](ctx);
  ctx.emit(Survived({ id, number, attempt: ctx.attempt, lane: ctx.lane }));
}

export default defineHandlers('peril', (on) => {
  on(Endangered, meet, { retries: 1, retryDelayMs: 1, ...(timeoutMs > 0 && { timeoutMs }) });
});
