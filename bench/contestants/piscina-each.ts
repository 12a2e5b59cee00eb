import { Piscina } from 'piscina';
import { expectedQuantity, makeOrder } from '../support/events.js';
import { drawKeys, keyNames } from '../support/keys.js';
import type { LoadPlan } from '../support/pipeline.js';
import { check, type Sample, Stopwatch } from '../support/sample.js';

export interface PiscinaRun extends LoadPlan {
  readonly threads: number;
  readonly concurrentTasksPerWorker: number;
}

/** `run()` calls under way: a caller that awaits each one would get a tenth of this. */
const IN_FLIGHT = 1000;

/** The naive way onto threads: one Piscina `run()` an event. It keeps no order and stores nothing. */
export default async function run(options: PiscinaRun): Promise<Sample> {
  const { threads, concurrentTasksPerWorker } = options;
  const pool = new Piscina({
    filename: new URL('../handlers/piscina-each.js', import.meta.url).href,
    minThreads: threads,
    maxThreads: threads,
    idleTimeout: Number.POSITIVE_INFINITY,
    concurrentTasksPerWorker,
  });
  const names = keyNames(options.keys);
  let sum = 0;
  const publish = async (keys: Uint32Array): Promise<void> => {
    let next = 0;
    const chain = async (): Promise<void> => {
      while (next < keys.length) {
        const index = next++;
        // Not `sum += await …`: that reads the sum before the wait, and loses what others add meanwhile.
        const quantity = (await pool.run(makeOrder(names[keys[index] as number] as string, index))) as number;
        sum += quantity;
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, chain));
  };
  await publish(drawKeys(options.keys, options.warmup, 7));
  globalThis.gc?.();

  const keys = drawKeys(options.keys, options.events);
  const watch = new Stopwatch();
  await publish(keys);
  const sample = watch.stop(options.events);

  await pool.destroy();
  check(
    'the sum over handled events',
    sum,
    expectedQuantity(options.warmup) + expectedQuantity(options.events),
  );
  return sample;
}
