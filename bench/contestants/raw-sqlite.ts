import { join } from 'node:path';
import { expectedQuantity, makeNotedOrder, makeOrder } from '../support/events.js';
import { drawKeys, keyNames } from '../support/keys.js';
import type { LoadPlan } from '../support/pipeline.js';
import { type RawTable, RawWriter } from '../support/raw-writer.js';
import { check, type Sample, Stopwatch } from '../support/sample.js';
import type { Scratch } from '../support/spawn.js';

export interface RawRun extends LoadPlan, RawTable {}

/** Raw better-sqlite3: one thread encodes, inserts and calls the handler itself. */
export default async function run(options: RawRun & Scratch): Promise<Sample> {
  const names = keyNames(options.keys);
  const keys = drawKeys(options.keys, options.events);
  const make = options.payload === 'small' ? makeOrder : makeNotedOrder;
  const writer = new RawWriter(join(options.directory, 'raw.db'), options);
  let sum = 0;
  const handle = (data: { readonly quantity: number }): void => {
    sum += data.quantity;
  };

  const warmNames = keyNames({ kind: 'uniform', keys: 100 }, 'warm');
  for (let index = 0; index < options.warmup; index++) {
    const data = make(warmNames[index % 100] as string, index);
    writer.add(data.order_id, data);
    handle(data);
  }
  writer.commit();
  globalThis.gc?.();

  const watch = new Stopwatch();
  for (let index = 0; index < options.events; index++) {
    const data = make(names[keys[index] as number] as string, index);
    writer.add(data.order_id, data);
    handle(data);
  }
  writer.commit();
  const sample = watch.stop(options.events);

  writer.close();
  check(
    'the sum over handled events',
    sum,
    expectedQuantity(options.warmup) + expectedQuantity(options.events),
  );
  return sample;
}
