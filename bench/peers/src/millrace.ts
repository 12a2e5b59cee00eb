import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expectedQuantity, OrderPlaced } from '../../dist/support/events.js';
import { type EnginePlan, openCounting } from '../../dist/support/pipeline.js';
import { check, type Sample, Stopwatch } from '../../dist/support/sample.js';
import type { Scratch } from '../../dist/support/spawn.js';
import { totalOf } from '../../dist/support/sums.js';
import { type Batch, batches, type PeerRun } from './load.js';

/** `publish`: publishMany, as its documentation says. `append`: one awaited append a batch, as its peers are driven. */
export interface MillraceRun extends PeerRun, EnginePlan {
  readonly way: 'publish' | 'append';
}

/** Millrace on the very events that its peers get: stored, handled on a lane thread, progress stored. */
export default async function run(plan: MillraceRun & Scratch): Promise<Sample> {
  const store = join(plan.directory, 'store.db');
  const { engine, sums } = await openCounting(plan, plan.directory, store);
  const publish = async (load: Iterable<Batch>): Promise<void> => {
    if (plan.way === 'publish') await engine.publishMany(events(load), { until: 'accepted' });
    else for (const batch of load) await engine.append(batch.stream, [...events([batch])]);
    await engine.drain();
  };
  await publish(batches(0, plan.warmup, 'warm'));
  globalThis.gc?.();

  const watch = new Stopwatch();
  await publish(batches(plan.warmup, plan.events));
  const sample = watch.stop(plan.events);

  const total = plan.warmup + plan.events;
  check('the last position', engine.stats().lastPosition, total);
  await engine.close();
  if (plan.durability !== 'memory') check('the number of stored events', countEvents(store), total);
  // Lanes add up in memory that all threads share; each event's quantity is known, so a lost or repeated one shows.
  check('the sum over handled events', totalOf(sums), expectedQuantity(total));
  return sample;
}

function* events(load: Iterable<Batch>) {
  for (const { orders } of load) for (const order of orders) yield OrderPlaced(order);
}

function countEvents(store: string): number {
  const database = new Database(store, { readonly: true });
  try {
    return database.prepare('SELECT count(*) FROM events').pluck().get() as number;
  } finally {
    database.close();
  }
}
