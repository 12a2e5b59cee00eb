import { setTimeout as sleep } from 'node:timers/promises';
import { defineHandlers } from 'millrace/define';
import { Posted } from './posted.mjs';

/** `leave` ends the thread a little later, when its own handler has ended; `stay` is awaited meanwhile. */
export default defineHandlers('deserting', (on) => {
  on(Posted, async ({ data: { id } }) => {
    if (id === 'leave') setTimeout(() => process.exit(3), 5);
    else await sleep(100);
  });
});
