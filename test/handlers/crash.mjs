import { defineHandlers } from 'millrace';
import { Stopping } from './events.mjs';

/** Ends its own thread in the middle of an event. */
export default defineHandlers('crash', (on) => {
  on(Stopping, () => process.exit(3));
});
