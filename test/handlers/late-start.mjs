import { defineHandlers } from 'millrace/define';
import { Old, Other, saying } from './late-events.mjs';

/** Comes later and asks for the old events. */
export default defineHandlers('late', (on) => {
  on(Old, saying('late'), { from: 'start', retries: 1, retryDelayMs: 1 });
  on(Other, saying('late'), { from: 'start' });
});
