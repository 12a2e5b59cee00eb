import { defineHandlers } from 'millrace/define';
import { Held, Noted } from './events.mjs';

/** @typedef {(attempt: number) => void | Promise<void>} Act */

/** A test and the engine that it opens load this module each for themselves. @type {Record<symbol, unknown>} */
const everywhere = Object(globalThis);
const KEY = Symbol.for('millrace.test.acts');

/** What handlers on the main thread do with their engine, by the `value` of a note, or by the gate that holds. */
export const acts = /** @type {Map<string, Act>} */ (everywhere[KEY] ?? new Map());
everywhere[KEY] = acts;

export default defineHandlers('waiting', (on) => {
  on(Noted, async ({ data: { value } }, ctx) => acts.get(value)?.(ctx.attempt), { onFailure: 'skip' });
  on(Held, ({ data: { gate } }, ctx) => acts.get(gate)?.(ctx.attempt), { onFailure: 'skip' });
});
