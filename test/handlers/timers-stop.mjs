import { defineHandlers } from 'millrace';
import { Acted } from './timer-events.mjs';

/** Stops the engine on an event that says so, until it is healed. */
export default defineHandlers('timers-stop', (on) => {
  on(
    Acted,
    ({ data: { end } }, ctx) => {
      const { healed } = /** @type {{ healed: Int32Array }} */ (ctx.shared);
      if (end === 'stop' && healed[0] === 0) throw new Error('not healed');
    },
    { onFailure: 'stop' },
  );
});
