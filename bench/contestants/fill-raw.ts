import { makeOrder } from '../support/events.js';
import { keyNames } from '../support/keys.js';
import { type RawTable, RawWriter } from '../support/raw-writer.js';
import { type Sample, Stopwatch } from '../support/sample.js';
import type { FillRun } from './fill-store.js';

export interface FillRaw extends FillRun, RawTable {}

/** The same events in the twin's table. */
export default async function run({ store, events, keys, unique, records }: FillRaw): Promise<Sample> {
  const names = keyNames(keys);
  const writer = new RawWriter(store, { unique, records });
  const watch = new Stopwatch();
  for (let index = 0; index < events; index++) {
    const data = makeOrder(names[index % keys.keys] as string, index);
    writer.add(data.order_id, data);
  }
  writer.close();
  return watch.stop(events);
}
