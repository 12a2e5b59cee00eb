import { defineHandlers } from 'millrace';
import { Stepped } from './state-events.mjs';

/** Stops the engine at a step that says so, until `shared.healed` is not 0. */
export default defineHandlers('stopping-state', (on) => {
  const stopped = (/** @type {import('millrace').HandlerContext} */ { shared }) =>
    /** @type {Int32Array} */ (shared.healed)[0] === 0;
  on(
    Stepped,
    ({ data }, ctx) => {
      if (data.do === 'stop' && stopped(ctx)) throw new Error('stop');
    },
    { onFailure: 'stop' },
  );
});
