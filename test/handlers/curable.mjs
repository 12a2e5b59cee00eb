import { defineHandlers } from 'millrace/define';
import { Parking, Skipping, Stopping, Tried } from './events.mjs';

/**
 * Fails while the cell of the event's number in `shared.ill` is 1, so that a test decides at any time, and on any
 * thread, which events fail. Emits `Tried` when it succeeds. With `shared.gate` an async event waits until its
 * cell 0 is 1.
 *
 * @param {import('millrace').DomainEvent<{ id: string, number: number, async: boolean }>} event
 * @param {import('millrace').HandlerContext} ctx
 */
async function attempt({ data: { id, number, async } }, ctx) {
  if (async) {
    const { gate = new Int32Array([1]).buffer } = /** @type {{ gate?: SharedArrayBuffer }} */ (ctx.shared);
    do await new Promise((resolve) => setImmediate(resolve));
    while (Atomics.load(new Int32Array(gate), 0) === 0);
  }
  const ill = new Int32Array(/** @type {SharedArrayBuffer} */ (ctx.shared.ill));
  if (Atomics.load(ill, number) === 1) {
    throw Object.assign(new RangeError(`number ${number} of ${id} is ill`), { code: 'E_ILL' });
  }
  ctx.emit(Tried({ id, number, attempt: ctx.attempt }));
}

/** What becomes of a `Skipping` event; another start of the program may see it differently. */
const policy = /** @type {'skip' | 'park'} */ (new URL(import.meta.url).searchParams.get('policy') ?? 'skip');

export default defineHandlers('curable', (on) => {
  on(Parking, attempt, { retries: 1, retryDelayMs: 0 });
  on(Skipping, attempt, { onFailure: policy });
  on(Stopping, attempt, { onFailure: 'stop' });
});
