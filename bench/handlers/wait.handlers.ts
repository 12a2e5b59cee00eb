import { defineHandlers } from 'millrace/define';
import { WaitOrdered } from '../support/events.js';
import { addToSum } from '../support/sums.js';

/** Waits for the clock, as a handler waits for a network. */
export default defineHandlers('wait', (on) => {
  on(WaitOrdered, ({ data: { milliseconds } }, { shared, lane }) => {
    if (milliseconds === 0) return addToSum(shared, lane, 1);
    return new Promise((resolve) => {
      setTimeout(() => {
        addToSum(shared, lane, 1);
        resolve();
      }, milliseconds);
    });
  });
});
