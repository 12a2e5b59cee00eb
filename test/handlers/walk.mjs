import { defineHandlers } from 'millrace/define';
import { Stepped, Walked } from './events.mjs';

/**
 * Writes down when each step begins and ends, in shared memory:
 * `log` holds `kind << 24 | step` in the order of all threads, `log[0]` counts its entries.
 * Emits `Walked` and further steps only at the very end, so that a failed try has emitted nothing it should not.
 */
const BEGUN = 1;
const DONE = 2;
const FAILED = 3;

/** Steps of steps are numbered behind the published ones. */
const EMITTED_FROM = 1 << 20;

/** @type {Record<'sync' | 'spin' | 'microtask' | 'immediate' | 'timer', () => void | Promise<unknown>>} */
const PACES = {
  sync: () => {},
  spin: () => {
    const end = performance.now() + 0.3;
    while (performance.now() < end);
  },
  microtask: () => Promise.resolve(),
  immediate: () => new Promise((resolve) => setImmediate(resolve)),
  timer: () => new Promise((resolve) => setTimeout(resolve, 1)),
};

export default defineHandlers('walk', (on) => {
  on(
    Stepped,
    ({ data }, ctx) => {
      const log = new Int32Array(/** @type {SharedArrayBuffer} */ (ctx.shared.log));
      /** @param {number} kind */
      const write = (kind) => Atomics.store(log, 1 + Atomics.add(log, 0, 1), (kind << 24) | data.step);
      const finish = () => {
        if (ctx.attempt <= data.failures) {
          write(FAILED);
          throw new Error(`step ${data.step} fails on try ${ctx.attempt}`);
        }
        ctx.emit(Walked({ track: `track-${data.walk}`, key: data.key, step: data.step }));
        for (let next = 0; next < data.emits; next++) {
          ctx.emit(Stepped({ ...data, step: EMITTED_FROM + data.step * 4 + next, failures: 0, emits: 0 }));
        }
        write(DONE);
      };
      write(BEGUN);
      const pending = PACES[data.pace]();
      return pending === undefined ? finish() : pending.then(finish);
    },
    { retries: 3 },
  );
});
