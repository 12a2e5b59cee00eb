import { defineHandlers } from 'millrace/define';
import { Old, Other, saying } from './late-events.mjs';

/** Comes later and asks for events from a position on of one type, and for none of the other. */
export default defineHandlers('position', (on) => {
  on(Old, saying('position'), { from: 7 });
  on(Other, saying('position'), { from: 'now' });
});
