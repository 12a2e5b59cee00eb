import { defineHandlers } from 'millrace/define';
import { Deposited, Timed } from './timed-aggregates.mjs';

/** Answers each deposit in its own aggregate, now and then later than at once. */
export default defineHandlers('timed-bank', (on) => {
  on(Deposited, async ({ data }, ctx) => {
    if (data.n % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    ctx.emit(Timed({ account: data.account, n: data.n }));
  });
});
