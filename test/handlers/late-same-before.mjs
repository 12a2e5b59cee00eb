import { defineHandlers } from 'millrace/define';
import { Old, saying } from './late-events.mjs';

/** `late-same.mjs` before it asked for old events. */
export default defineHandlers('same', (on) => {
  on(Old, saying('same'));
});
