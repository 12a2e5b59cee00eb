import { defineHandlers } from 'millrace/define';
import { Old } from './late-events.mjs';

/** Comes later, asks for the old events, and stops the engine at the first of them. */
export default defineHandlers('stop', (on) => {
  on(
    Old,
    () => {
      throw new RangeError('no further');
    },
    { from: 'start', onFailure: 'stop' },
  );
});
