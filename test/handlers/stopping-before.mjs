import { defineHandlers } from 'millrace/define';
import { MovedBefore } from './upcasting.mjs';

/** Stops the engine with the first event, so that all of them are left for the next open. */
export default defineHandlers('stopping-before', (on) => {
  on(
    MovedBefore,
    () => {
      throw new Error('later');
    },
    { onFailure: 'stop' },
  );
});
