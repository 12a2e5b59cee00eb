import { defineHandlers } from 'millrace/define';
import { Added, Asked, Box, Heard } from './saga-box.mjs';

/**
 * @param {import('millrace/define').HandlerContext} ctx
 * @param {readonly any[]} sends
 */
function sendAll(ctx, sends) {
  for (const one of sends) {
    /** @type {'add'} */
    const what = one.what ?? 'add';
    ctx.execute(Box, one.to, what, one);
  }
}

export default defineHandlers('saga', (on) => {
  on(
    Asked,
    async ({ data: { sends, end } }, ctx) => {
      sendAll(ctx, sends);
      if (end === 'throw' || (end === 'throw-once' && ctx.attempt === 1)) throw new Error('as it was told');
      if (end === 'slow') await new Promise((resolve) => setTimeout(resolve, 1));
    },
    { retries: 1, retryDelayMs: 0, onFailure: 'skip' },
  );
  on(Added, ({ data: { box, n, next }, key }, ctx) => {
    ctx.emit(Heard({ key, box, n }));
    sendAll(ctx, next);
  });
});
