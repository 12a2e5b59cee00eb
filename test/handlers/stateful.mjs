import { setTimeout as wait } from 'node:timers/promises';
import { defineHandlers } from 'millrace';
import { Doubled, Seen, Stepped, Sum, Told } from './state-events.mjs';

/**
 * Does what an event says after the state was changed, so that a failure leaves something behind to take back.
 *
 * @param {string} what
 * @param {number} attempt
 */
async function goWrong(what, attempt) {
  await wait(0);
  if (what === 'die' && attempt === 1) setImmediate(() => process.exit(1));
  if (what === 'die' && attempt === 1) await new Promise(() => {});
  if (what === 'fail-late' || (what === 'fail-late-once' && attempt === 1)) throw new Error(what);
}

export default defineHandlers('stateful', (on) => {
  /** @type {import('millrace').HandlerOptions} */
  const options = { retries: 1, retryDelayMs: 1, onFailure: 'skip' };
  on(Stepped, { ...options, state: Sum }, ({ data }, state, ctx) => {
    const { key, n, do: what } = data;
    state.sum += n;
    state.count++;
    state.last.push(n);
    if (state.last.length > 3) state.last.shift();
    if (what === 'fail' || (what === 'fail-once' && ctx.attempt === 1)) throw new Error(what);
    if (what === 'bad') return { ...state, sum: /** @type {any} */ (() => {}) };
    if (what === 'off-schema') return { ...state, sum: 1e10 };
    if (what === 'large') state.last = new Array(2 ** 20).fill(1);
    if (what === 'bad-emit') ctx.emit(Told({ key, n, sum: /** @type {any} */ ('no number'), count: 0 }));
    ctx.emit(Told({ key, n, sum: state.sum, count: state.count }));
    if (what === 'replaced') return { sum: state.sum, count: state.count, last: [...state.last] };
    if (what !== undefined) return goWrong(what, ctx.attempt);
    return undefined;
  });
  on(Stepped, { ...options, state: Seen }, ({ data }, seen) => {
    if (data.do === 'fail-second') throw new Error('the second handler failed');
    return seen + 1;
  });
  on(Doubled, { ...options, state: Sum }, async (_event, state) => {
    await wait(0);
    return { ...state, sum: state.sum * 2 };
  });
});
