import { fileURLToPath } from 'node:url';
import { type Job, Queue, Worker } from 'bullmq';
import type { Order } from '../../dist/support/events.js';
import { check, type Sample, Stopwatch } from '../../dist/support/sample.js';
import type { Scratch } from '../../dist/support/spawn.js';
import { expectedWork, workOrders } from '../../dist/support/work.js';
import type { Batch, PeerRun } from './load.js';
import { measure, type PeerUnderTest } from './measure.js';
import type { TaskRun } from './pools.js';
import { type Persistence, type Redis, startRedis } from './redis.js';

/** `inline`: the processor in this process. `threads`: BullMQ's sandboxed processors, one CPU-heavy job an event. */
export type BullRun =
  | ({ readonly handler: 'inline' } & PeerRun)
  | ({ readonly handler: 'threads' } & TaskRun);

/** Jobs that a worker has under way in one process. */
const CONCURRENCY = 100;

/** `addBulk` calls under way. */
const ADDS_IN_FLIGHT = 4;

const QUEUE = 'orders';
const KEEP_NOTHING = { removeOnComplete: { count: 0 }, removeOnFail: { count: 0 } };

/** BullMQ on a Redis of its own. It keeps no order per key: that is a feature of its paid edition. */
export default async function run(
  plan: BullRun & Scratch & { readonly persistence: Persistence },
): Promise<Sample> {
  const redis = await startRedis(plan.directory, plan.persistence);
  try {
    return plan.handler === 'threads' ? await onThreads(redis, plan) : await inline(redis, plan);
  } finally {
    await redis.stop();
  }
}

function inline({ connection, cpuMicros }: Redis, plan: PeerRun): Promise<Sample> {
  return measure(plan, async (tally): Promise<PeerUnderTest> => {
    const queue = new Queue<Order>(QUEUE, { connection });
    const process = async ({ data }: Job<Order>): Promise<void> => tally.see(data);
    const worker = new Worker<Order>(QUEUE, process, {
      connection,
      concurrency: CONCURRENCY,
      ...KEEP_NOTHING,
    });
    let completed = 0;
    let reached = (): void => {};
    worker.on('completed', () => {
      completed++;
      reached();
    });
    const complete = (total: number): Promise<void> =>
      new Promise((resolve) => {
        reached = () => completed >= total && resolve();
        reached();
      });
    const add = async (load: Iterator<Batch>): Promise<void> => {
      for (let next = load.next(); !next.done; next = load.next()) {
        await queue.addBulk(next.value.orders.map((data) => ({ name: 'placed', data, opts: KEEP_NOTHING })));
      }
    };
    return {
      publish: async (load, total) => {
        const iterator = load[Symbol.iterator]();
        await Promise.all(Array.from({ length: ADDS_IN_FLIGHT }, () => add(iterator)));
        await complete(total);
      },
      otherCpu: cpuMicros,
      close: async () => {
        await worker.close();
        await queue.close();
      },
    };
  });
}

async function onThreads({ connection, cpuMicros }: Redis, plan: TaskRun): Promise<Sample> {
  const queue = new Queue(QUEUE, { connection });
  const worker = new Worker(QUEUE, fileURLToPath(new URL('./tasks/bullmq.js', import.meta.url)), {
    connection,
    useWorkerThreads: true,
    workerThreadsOptions: { execArgv: [] },
    concurrency: plan.threads,
    ...KEEP_NOTHING,
  });
  const publish = async (count: number): Promise<number> => {
    let sum = 0;
    let completed = 0;
    const done = new Promise<void>((resolve, reject) => {
      worker.removeAllListeners('completed').on('completed', (_job, result: number) => {
        sum += result;
        if (++completed === count) resolve();
      });
      worker.on('failed', (_job, error) => reject(error));
    });
    const jobs = workOrders(plan, count).map((data) => ({ name: 'work', data, opts: KEEP_NOTHING }));
    for (let from = 0; from < count; from += 100) await queue.addBulk(jobs.slice(from, from + 100));
    await done;
    check('the number of completed jobs', completed, count);
    return sum;
  };
  await publish(plan.warmup);
  const before = await cpuMicros();
  const watch = new Stopwatch();
  const sum = await publish(plan.events);
  const sample = watch.stop(plan.events);
  const redisCpu = (await cpuMicros()) - before;
  await worker.close();
  await queue.close();
  check('the sum of work', sum, expectedWork(workOrders(plan, plan.events)));
  return { ...sample, cpuMicros: sample.cpuMicros + redisCpu };
}
