import { defineHandlers } from 'millrace/define';
import { Asked, Box } from './saga-box.mjs';

/** Handlers that came later, and handle what there was before them. */
export default defineHandlers('saga-late', (on) => {
  on(
    Asked,
    ({ data: { sends } }, ctx) => {
      for (const { to, n } of sends) ctx.execute(Box, `${to}-late`, 'add', /** @type {never} */ ({ to, n }));
    },
    { from: 'start' },
  );
});
