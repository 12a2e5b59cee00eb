import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Sample, Stopwatch } from '../support/sample.js';

/** How many plain worker threads are started. */
export interface BareRun {
  readonly threads: number;
}

/** Plain worker threads that import zod and msgpackr, side by side, until each has said that it is ready. */
export default async function run({ threads }: BareRun): Promise<Sample> {
  const rss = process.memoryUsage.rss();
  const watch = new Stopwatch();
  const module = new URL('../handlers/bare-thread.js', import.meta.url);
  const workers = Array.from({ length: threads }, () => new Worker(module));
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const started = watch.stop(1);
  const grown = process.memoryUsage.rss() - rss;
  await Promise.all(workers.map((worker) => worker.terminate()));
  return {
    ...started,
    extra: {
      'open ms': started.seconds * 1000,
      'open CPU ms': started.cpuMicros / 1000,
      'open MB': grown / 2 ** 20,
    },
  };
}
