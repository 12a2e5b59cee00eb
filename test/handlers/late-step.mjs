import { defineHandlers } from 'millrace';
import { Stepped } from './state-events.mjs';

/** Comes later, asks for the old steps, and skips those that fail. */
export default defineHandlers('late-step', (on) => {
  on(
    Stepped,
    ({ data }) => {
      if (data.do?.startsWith('fail')) throw new Error('skipped');
    },
    { from: 'start', onFailure: 'skip' },
  );
});
