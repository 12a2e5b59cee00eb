import { defineHandlers } from 'millrace/define';
import { Held } from './events.mjs';

/**
 * Waits in the way of an async handler until cell 0 of `shared.gate` is 1. The main thread may run this handler
 * as well, so it looks again at each turn of the event loop instead of blocking.
 */
export default defineHandlers('gate', (on) => {
  on(Held, async (_event, ctx) => {
    const gate = new Int32Array(/** @type {SharedArrayBuffer} */ (ctx.shared.gate));
    Atomics.add(gate, 1, 1);
    while (Atomics.load(gate, 0) === 0) await new Promise((resolve) => setImmediate(resolve));
  });
});
