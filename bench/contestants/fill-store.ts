import { openEngine } from 'millrace';
import { OrderNoted, OrderPlaced } from '../support/events.js';
import { keyNames } from '../support/keys.js';
import { type LoadPlan, orders } from '../support/pipeline.js';
import { type Sample, Stopwatch } from '../support/sample.js';

export interface FillRun extends LoadPlan {
  readonly store: string;
}

/** Fills a store for others to work on: events of all keys in turn, so that every aggregate gets its share. */
export default async function run({ store, events, keys, payload }: FillRun): Promise<Sample> {
  const engine = await openEngine({
    store,
    // Nobody loses anything when this is cut off: the store is made for one bench.
    durability: 'os',
    threads: 0,
    validate: 'off',
    events: [OrderPlaced, OrderNoted],
  });
  const inTurn = Uint32Array.from({ length: events }, (_, index) => index % keys.keys);
  const watch = new Stopwatch();
  await engine.publishMany(orders(keyNames(keys), inTurn, payload));
  await engine.close();
  return watch.stop(events);
}
