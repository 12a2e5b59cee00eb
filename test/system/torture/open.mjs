import { openEngine } from 'millrace';
import { checkOptions } from '../../../dist/src/engine/check-options.js';
import { openIn, realWorld } from '../../../dist/src/engine/open.js';
import { SqliteStore } from '../../../dist/src/store/sqlite-store.js';
import { EVENTS } from './events.mjs';

/**
 * Opens an engine as its owner would; with `packBehind`, on a store that packs segments sooner than others, which an owner
 * cannot have.
 *
 * @param {Pick<import('./plan.mjs').Orders, 'store' | 'durability' | 'threads'>
 *   & Partial<import('./plan.mjs').Orders>} orders
 * @returns {Promise<import('millrace').Engine>}
 */
export function openTortured({
  store,
  durability,
  threads,
  concurrency = 1,
  wait = 0,
  bulk = 1,
  packBehind,
}) {
  const options = {
    events: EVENTS,
    store,
    durability,
    threads,
    concurrency,
    shared: { wait },
    maxInFlight: bulk > 1 ? 65_536 : 500,
    handlers: [new URL('./events.mjs', import.meta.url)],
    aggregates: [new URL('./ledger.mjs', import.meta.url)],
  };
  if (packBehind === undefined) return openEngine(options);
  const checked = checkOptions(options);
  const synchronous = durability === 'disk' ? 'FULL' : 'NORMAL';
  const makeStore = () => new SqliteStore(store, synchronous, 'torture', packBehind);
  const opening = openIn(checked, { ...realWorld(checked), makeStore });
  // What is built is what runs; its types are another copy of those of the package's own name.
  return /** @type {Promise<never>} */ (/** @type {unknown} */ (opening));
}
