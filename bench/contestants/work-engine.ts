import { join } from 'node:path';
import { type Durability, openEngine } from 'millrace';
import { WorkOrdered } from '../support/events.js';
import { check, type Sample, Stopwatch } from '../support/sample.js';
import type { Scratch } from '../support/spawn.js';
import { makeSums, totalOf } from '../support/sums.js';
import { expectedWork, type WorkPlan, warmOrders, workOrders } from '../support/work.js';

export interface WorkEngineRun extends WorkPlan {
  readonly threads: number;
  readonly durability: Durability;
}

/** Millrace: the work in lane handlers, in order per key. */
export default async function run(plan: WorkEngineRun & Scratch): Promise<Sample> {
  const { threads, durability } = plan;
  const sums = makeSums();
  const engine = await openEngine({
    durability,
    ...(durability !== 'memory' && { store: join(plan.directory, 'store.db') }),
    threads,
    validate: 'off',
    events: [WorkOrdered],
    handlers: [new URL('../handlers/work.handlers.js', import.meta.url)],
    shared: { sums },
  });
  const warm = warmOrders(plan);
  const orders = workOrders(plan, plan.events);
  await engine.publishMany(
    warm.map((order) => WorkOrdered(order)),
    { until: 'handled' },
  );

  const watch = new Stopwatch();
  await engine.publishMany(
    orders.map((order) => WorkOrdered(order)),
    { until: 'accepted' },
  );
  await engine.drain();
  const sample = watch.stop(plan.events);

  await engine.close();
  check('the sum of work', totalOf(sums), expectedWork(warm) + expectedWork(orders));
  return sample;
}
