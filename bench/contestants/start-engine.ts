import { makeOrder, OrderNoted, OrderPlaced } from '../support/events.js';
import { type Sample, Stopwatch } from '../support/sample.js';
import { makeSums } from '../support/sums.js';

/** How many lane threads are opened; 0: handlers run on the main thread. */
export interface StartRun {
  readonly threads: number;
}

/** From nothing to the first event handled: nothing is warm, and nothing is stored. */
export default async function run({ threads }: StartRun): Promise<Sample> {
  const started = performance.now();
  const { openEngine } = await import('millrace');
  const imported = performance.now();
  const rss = process.memoryUsage.rss();
  const watch = new Stopwatch();
  const engine = await openEngine({
    threads,
    events: [OrderPlaced, OrderNoted],
    handlers: [new URL('../handlers/count.handlers.js', import.meta.url)],
    shared: { sums: makeSums() },
  });
  const opened = watch.stop(1);
  const grown = process.memoryUsage.rss() - rss;
  await engine.publish(OrderPlaced(makeOrder('order-1', 1)), { until: 'handled' });
  const handled = performance.now();
  await engine.close();
  return {
    ...opened,
    extra: {
      'import ms': imported - started,
      'open ms': opened.seconds * 1000,
      'first handled ms': handled - started,
      'open CPU ms': opened.cpuMicros / 1000,
      'open MB': grown / 2 ** 20,
    },
  };
}
