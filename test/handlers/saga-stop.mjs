import { defineHandlers } from 'millrace/define';
import { Heard } from './saga-box.mjs';

/** Stops the engine on what is heard of the box of that name, until it is healed. */
export default defineHandlers('saga-stop', (on) => {
  on(
    Heard,
    ({ data: { box } }, ctx) => {
      const { healed } = /** @type {{ healed: Int32Array }} */ (ctx.shared);
      if (box === 'stop' && healed[0] === 0) throw new Error('not healed');
    },
    { onFailure: 'stop' },
  );
});
