import { check, type Sample, Stopwatch } from '../support/sample.js';
import { expectedWork, type WorkPlan, warmOrders, work, workOrders } from '../support/work.js';

/** The same work in a loop on the main thread: no engine, no events. */
export default async function run(plan: WorkPlan): Promise<Sample> {
  for (const { rounds } of warmOrders(plan)) work(rounds);
  const orders = workOrders(plan, plan.events);
  let sum = 0;
  const watch = new Stopwatch();
  for (const { rounds } of orders) sum += work(rounds);
  const sample = watch.stop(plan.events);
  check('the sum of work', sum, expectedWork(orders));
  return sample;
}
