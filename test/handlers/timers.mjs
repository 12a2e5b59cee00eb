import { setTimeout as wait } from 'node:timers/promises';
import { defineHandlers } from 'millrace';
import { Acted, Noted, Rang } from './timer-events.mjs';

/**
 * @param {string} key
 * @param {readonly any[]} acts
 * @param {import('millrace').HandlerContext} ctx
 */
function act(key, acts, ctx) {
  for (const { set, at, in: delay, acts: later, cancel, tell, lead } of acts) {
    if (cancel !== undefined) ctx.cancel(cancel);
    else if (lead !== undefined) ctx.emit(Acted({ key, acts: lead }));
    else if (tell !== undefined) ctx.emit(Noted({ key, what: tell }));
    else {
      const event = Rang({ key, name: set, ...(later && { acts: later }) });
      ctx.schedule(event, delay === undefined ? at : { in: delay }, { name: set });
    }
  }
}

export default defineHandlers('timers', (on) => {
  on(
    Acted,
    async ({ data: { key, acts, end } }, ctx) => {
      act(key, acts, ctx);
      if (end === undefined) return;
      if (end === 'throw') throw new Error(end);
      if (end === 'throw-once' && ctx.attempt === 1) throw new Error(end);
      if (end === 'bad-emit') ctx.emit(Noted({ key, what: /** @type {any} */ (1) }));
      await wait(0);
      if (end === 'throw-late') throw new Error(end);
      if (end === 'die' && ctx.attempt === 1) {
        setImmediate(() => process.exit(1));
        await new Promise(() => {});
      }
      if (end === 'hang' && ctx.attempt === 1) await new Promise(() => {});
    },
    { retries: 1, retryDelayMs: 1, onFailure: 'skip' },
  );
  on(Rang, ({ data: { key, name, acts = [] } }, ctx) => {
    ctx.emit(Noted({ key, what: `${name} rang` }));
    act(key, acts, ctx);
  });
});
