import { fileURLToPath } from 'node:url';
import { check, type Sample, Stopwatch } from '../../dist/support/sample.js';
import { expectedWork, type WorkOrder, type WorkPlan, workOrders } from '../../dist/support/work.js';

/** CPU-heavy handlers on threads: one task an event. */
export interface TaskRun extends WorkPlan {
  readonly threads: number;
}

export interface PoolRun extends TaskRun {
  readonly pool: 'piscina' | 'workerpool';
}

interface Pool {
  run(order: WorkOrder): Promise<number>;
  close(): Promise<void>;
}

/** Tasks handed over before the first has answered. */
const IN_FLIGHT = 1000;

/** Tasks that a Piscina thread holds at once: the next one waits there, not a round trip away. */
const TASKS_PER_WORKER = 16;

/** A task an event on a thread pool: no order, nothing stored. */
export default async function run(plan: PoolRun): Promise<Sample> {
  const pool = await (plan.pool === 'piscina' ? openPiscina(plan.threads) : openWorkerpool(plan.threads));
  await publish(pool, workOrders(plan, plan.warmup));
  const orders = workOrders(plan, plan.events);

  const watch = new Stopwatch();
  const sum = await publish(pool, orders);
  const sample = watch.stop(plan.events);

  await pool.close();
  check('the sum of work', sum, expectedWork(orders));
  return sample;
}

async function publish(pool: Pool, orders: readonly WorkOrder[]): Promise<number> {
  let next = 0;
  let sum = 0;
  let answers = 0;
  const chain = async (): Promise<void> => {
    while (next < orders.length) {
      const result = await pool.run(orders[next++] as WorkOrder);
      sum += result;
      answers++;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, chain));
  check('the number of answers', answers, orders.length);
  return sum;
}

async function openPiscina(threads: number): Promise<Pool> {
  const { Piscina } = await import('piscina');
  const pool = new Piscina({
    filename: new URL('./tasks/piscina.js', import.meta.url).href,
    minThreads: threads,
    maxThreads: threads,
    idleTimeout: Number.POSITIVE_INFINITY,
    concurrentTasksPerWorker: TASKS_PER_WORKER,
  });
  return { run: (order) => pool.run(order) as Promise<number>, close: () => pool.destroy() };
}

async function openWorkerpool(threads: number): Promise<Pool> {
  const { pool } = await import('workerpool');
  const workers = pool(fileURLToPath(new URL('./tasks/workerpool.js', import.meta.url)), {
    minWorkers: threads,
    maxWorkers: threads,
    workerType: 'thread',
  });
  return {
    run: async (order) => (await workers.exec('handle', [order])) as number,
    close: async () => {
      await workers.terminate();
    },
  };
}
