import { AsyncLocalStorage } from 'node:async_hooks';
import { defineHandlers } from 'millrace/define';
import { Audited, Noted } from './events.mjs';

/** A test and the engine that it opens load this module each for themselves. @type {Record<symbol, unknown>} */
const everywhere = Object(globalThis);
const KEY = Symbol.for('millrace.test.request');

/** Whose request it is. */
export const request = /** @type {AsyncLocalStorage<string>} */ (everywhere[KEY] ?? new AsyncLocalStorage());
everywhere[KEY] = request;

/** Says in whose context it runs. */
export default defineHandlers('context', (on) => {
  on(Noted, ({ data: { note, value } }, ctx) => {
    const emit = () =>
      ctx.emit(Audited({ audit: `${note} saw ${request.getStore() ?? 'nobody'}`, amount: 0 }));
    if (value === 'throws') throw new Error(`${note} saw ${request.getStore() ?? 'nobody'}`);
    if (value !== 'async') return emit();
    return new Promise((resolve) => setImmediate(resolve)).then(emit);
  });
});
