import { defineHandlers } from 'millrace/define';
import { Asked, Box } from './saga-box.mjs';

/** The module `saga`, which has been given a handler more, and that one asks for what there was before it. */
export default defineHandlers('saga', (on) => {
  on(Asked, ({ data: { sends } }, ctx) => {
    for (const one of sends) ctx.execute(Box, one.to, 'add', /** @type {never} */ (one));
  });
  on(
    Asked,
    ({ data: { sends } }, ctx) => {
      for (const one of sends)
        ctx.execute(Box, one.to, 'add', /** @type {never} */ ({ to: one.to, n: -one.n }));
    },
    { from: 'start' },
  );
});
