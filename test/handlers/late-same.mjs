import { defineHandlers } from 'millrace/define';
import { Old, saying } from './late-events.mjs';

/** Was there from the beginning, and asks for old events since. */
export default defineHandlers('same', (on) => {
  on(Old, saying('same'), { from: 'start' });
});
