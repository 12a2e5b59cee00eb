import { defineHandlers } from 'millrace/define';
import { Deposited } from './aggregates.mjs';

/** Stops the engine at the account `stop`, once. */
export default defineHandlers('peril-bank', (on) => {
  on(
    Deposited,
    ({ data }, { shared }) => {
      const stopped = /** @type {Int32Array} */ (shared.stopped);
      if (data.account === 'stop' && Atomics.exchange(stopped, 0, 1) === 0) throw new Error('stop');
    },
    { onFailure: 'stop' },
  );
});
