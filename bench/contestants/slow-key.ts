import { openEngine } from 'millrace';
import { WaitOrdered } from '../support/events.js';
import { runOpenLoop } from '../support/open-loop.js';
import { type Sample, Stopwatch } from '../support/sample.js';
import { percentile } from '../support/statistics.js';
import { makeSums } from '../support/sums.js';

export interface SlowKeyRun {
  readonly keys: number;
  /** Events a second. */
  readonly rate: number;
  readonly seconds: number;
  readonly slowMilliseconds: number;
}

/** Events of many keys; the first key's handler waits very long, and is always waiting. The time of the others is measured. */
export default async function run({ keys, rate, seconds, slowMilliseconds }: SlowKeyRun): Promise<Sample> {
  const engine = await openEngine({
    threads: 1,
    concurrency: 64,
    validate: 'off',
    events: [WaitOrdered],
    handlers: [new URL('../handlers/wait.handlers.js', import.meta.url)],
    shared: { sums: makeSums() },
  });
  const events = rate * seconds;
  const times: number[] = [];
  const others: Promise<void>[] = [];
  const slow = engine.publish(WaitOrdered({ key: 'key-0', milliseconds: slowMilliseconds }), {
    until: 'handled',
  });
  const watch = new Stopwatch();
  await runOpenLoop({
    rate,
    events,
    publish(index, intended) {
      const event = WaitOrdered({ key: `key-${1 + (index % (keys - 1))}`, milliseconds: 0 });
      others.push(
        engine.publish(event, { until: 'handled' }).then(() => {
          times.push(performance.now() - intended);
        }),
      );
      return undefined;
    },
  });
  await Promise.all(others);
  const sample = watch.stop(events);
  await slow;
  await engine.close();
  const sorted = Float64Array.from(times).sort();
  return {
    ...sample,
    extra: {
      'others handled p50 ms': percentile(sorted, 0.5),
      'others handled p99 ms': percentile(sorted, 0.99),
    },
  };
}
