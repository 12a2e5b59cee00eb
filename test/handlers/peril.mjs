import { defineHandlers } from 'millrace';
import { Endangered, Survived } from './events.mjs';

/**
 * @typedef {import('millrace').DomainEvent<{ id: string, number: number, peril: keyof typeof PERILS, tries: number }>} Event
 * @typedef {import('millrace').HandlerContext} Context
 */

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
  afterwards: () => {
    setTimeout(() => {
      throw new TypeError('thrown when the event was finished');
    });
  },
};

/** @param {Event} event @param {Context} ctx */
async function meet({ data: { id, number, peril, tries } }, ctx) {
  if (ctx.attempt <= tries) await PERILS[peril](ctx);
  ctx.emit(Survived({ id, number, attempt: ctx.attempt, lane: ctx.lane }));
}

export default defineHandlers('peril', (on) => {
  on(Endangered, meet, { retries: 1, retryDelayMs: 1, timeoutMs: 300 });
});
