import { defineHandlers } from 'millrace/define';
import { Old, saying } from './late-events.mjs';

/** Was there from the beginning, and skips what it cannot handle. */
export default defineHandlers('first', (on) => {
  on(Old, saying('first'), { onFailure: 'skip' });
});
