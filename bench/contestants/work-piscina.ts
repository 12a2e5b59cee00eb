import { Piscina } from 'piscina';
import { check, type Sample, Stopwatch } from '../support/sample.js';
import { expectedWork, type WorkOrder, type WorkPlan, warmOrders, workOrders } from '../support/work.js';

export interface WorkPiscinaRun extends WorkPlan {
  readonly threads: number;
}

/** Events of a task: about 10 ms of work, so that neither the 40 µs of a task nor the last one shows. */
const BATCH = 50;

/** Plain Piscina: batches to whichever thread is free. No order, nothing stored: what order costs is measured by it. */
export default async function run(plan: WorkPiscinaRun): Promise<Sample> {
  const pool = new Piscina({
    filename: new URL('../handlers/piscina-batch.js', import.meta.url).href,
    minThreads: plan.threads,
    maxThreads: plan.threads,
    idleTimeout: Number.POSITIVE_INFINITY,
  });
  const publish = async (orders: readonly WorkOrder[]): Promise<number> => {
    const tasks: Promise<number>[] = [];
    for (let from = 0; from < orders.length; from += BATCH)
      tasks.push(pool.run(orders.slice(from, from + BATCH)));
    return (await Promise.all(tasks)).reduce((sum, result) => sum + result, 0);
  };
  await publish(warmOrders(plan));
  const orders = workOrders(plan, plan.events);

  const watch = new Stopwatch();
  const sum = await publish(orders);
  const sample = watch.stop(plan.events);

  await pool.destroy();
  check('the sum of work', sum, expectedWork(orders));
  return sample;
}
