import { defineHandlers } from 'millrace/define';
import { Old } from './late-events.mjs';

/** Comes later, with the longest name that it may have. */
export default defineHandlers('long'.repeat(32), (on) => {
  on(Old, () => {}, { from: 'start' });
});
