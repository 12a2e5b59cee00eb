import { defineHandlers } from 'millrace';
import { Stepped, Told } from './state-events.mjs';

/** What a module keeps by itself is there once for each thread. */
const sums = new Map();

export default defineHandlers('forgetful', (on) => {
  on(Stepped, ({ data: { key, n } }, ctx) => {
    const { sum, count } = sums.get(key) ?? { sum: 0, count: 0 };
    sums.set(key, { sum: sum + n, count: count + 1 });
    ctx.emit(Told({ key, n, sum: sum + n, count: count + 1 }));
  });
});
