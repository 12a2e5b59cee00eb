import { defineHandlers } from 'millrace/define';
import { Old, saying } from './late-events.mjs';

/** Comes later, asks for the old events, and skips what it cannot handle. */
export default defineHandlers('skip', (on) => {
  on(Old, saying('skip'), { from: 'start', onFailure: 'skip' });
});
