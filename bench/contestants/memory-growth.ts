import { drawKeys, keyNames } from '../support/keys.js';
import { type EnginePlan, type LoadPlan, openCounting, orders } from '../support/pipeline.js';
import { type Sample, Stopwatch } from '../support/sample.js';
import type { Scratch } from '../support/spawn.js';

export type GrowthRun = EnginePlan & LoadPlan;

/** How much more memory there is after some events than before the first, after a garbage collection. */
export default async function run(options: GrowthRun & Scratch): Promise<Sample> {
  const names = keyNames(options.keys);
  const keys = drawKeys(options.keys, options.events);
  const { engine } = await openCounting(options, options.directory);
  const before = measure();
  const watch = new Stopwatch();
  await engine.publishMany(orders(names, keys, options.payload), { until: 'handled' });
  const sample = watch.stop(options.events);
  const after = measure();
  await engine.close();
  return {
    ...sample,
    extra: { 'heap growth MB': after.heap - before.heap, 'RSS growth MB': after.rss - before.rss },
  };
}

function measure(): { readonly heap: number; readonly rss: number } {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed / 2 ** 20, rss: rss / 2 ** 20 };
}
