import { setTimeout as wait } from 'node:timers/promises';
import { defineHandlers } from 'millrace';
import { Acted, Noted, Rang } from './timer-events.mjs';

/**
 * @param {string} key
 * @param {readonly any[]} acts
 * @param {import('millrace').HandlerContext} ctx
 */
function act(key, acts, ctx) {
  for (const { set, at, in: delay, then, cancel, tell } of acts) {
    if (cancel !== undefined) ctx.cancel(cancel);
    else if (tell !== undefined) ctx.emit(Noted({ key, what: tell }));
    else {
      const event = Rang({ key, name: set, ...(then && { acts: then }) });
      ctx.schedule(event, delay === undefined ? at : { in: delay }, { name: set });
    }
  }
}

export default defineHandlers('timers', (on) => {
  on(
    Acted,
    async ({ data: { key, acts, then } }, ctx) => {
      act(key, acts, ctx);
      if (then === undefined) return;
      if (then === 'throw') throw new Error(then);
      if (then === 'throw-once' && ctx.attempt === 1) throw new Error(then);
      if (then === 'bad-emit') ctx.emit(Noted({ key, what: /** @type {any} */ (1) }));
      await wait(0);
      if (then === 'throw-late') throw new Error(then);
      if (then === 'die' && ctx.attempt === 1) {
        setImmediate(() => process.exit(1));
        await new Promise(() => {});
      }
      if (then === 'hang' && ctx.attempt === 1) await new Promise(() => {});
    },
    { retries: 1, retryDelayMs: 1, onFailure: 'skip' },
  );
  on(Rang, ({ data: { key, name, acts = [] } }, ctx) => {
    ctx.emit(Noted({ key, what: `${name} rang` }));
    act(key, acts, ctx);
  });
});
