import { setImmediate } from 'node:timers/promises';
import { defineHandlers, defineState } from 'millrace';
import { Stepped } from './state-events.mjs';

const version = Number(new URL(import.meta.url).searchParams.get('v'));

const Counted = defineState({ name: 'counted', version, initial: () => 0 });

/** Stops the engine at an event that the first version did not mind, when it is told to, until it is mended. */
export default defineHandlers('versioned-stopping', (on) => {
  on(Stepped, { state: Counted, onFailure: 'stop' }, async ({ data }, counted, { shared }) => {
    const orders = /** @type {Int32Array} */ (shared.orders);
    if (data.do === 'stop' && version === 2) {
      while (Atomics.load(orders, 0) === 0) await setImmediate();
      if (Atomics.load(orders, 0) === 1) throw new Error('stops');
    }
    return counted + version;
  });
});
