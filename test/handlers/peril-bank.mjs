import { defineHandlers } from 'millrace/define';
import { Deposited } from './aggregates.mjs';

/** Stops the engine at the account `stop`. */
export default defineHandlers('peril-bank', (on) => {
  on(
    Deposited,
    ({ data }) => {
      if (data.account === 'stop') throw new Error('stop');
    },
    { onFailure: 'stop' },
  );
});
