import { defineHandlers } from 'millrace/define';
import { Endangered, Survived } from './events.mjs';

export default defineHandlers('leftover', (on) => {
  on(
    Endangered,
    ({ data: { id, number, peril, tries } }, ctx) => {
      ctx.emit(Survived({ id, number, attempt: ctx.attempt, lane: ctx.lane }));
      // The handler has ended when the thread does, and nothing is under way.
      if (peril === 'exit' && ctx.attempt <= tries) Promise.resolve().then(() => process.exit(3));
    },
    { retries: 1, retryDelayMs: 1 },
  );
});
