import { Bench } from 'tinybench';
import { expectedQuantity, type Order } from '../support/events.js';
import { PUBLISHERS, type PublisherName } from '../support/publishers.js';
import { check, type Sample, Stopwatch } from '../support/sample.js';

export interface PublisherRun {
  readonly publisher: PublisherName;
  readonly handlers: number;
  readonly milliseconds: number;
}

/** Events of one measured call: reading the clock around every emit would cost more than the emit. */
const BATCH = 4096;

/**
 * The payload that was seen last. Handlers of real programs keep or pass on what they get; without this the
 * compiler sees that nobody does, and never builds the payload at all: an emit of 10 ns that no program has.
 */
export let latest: Order | undefined;

/** Subscribers on the main thread: events are built, published and seen by every handler. */
export default async function run({ publisher, handlers, milliseconds }: PublisherRun): Promise<Sample> {
  const subject = await PUBLISHERS[publisher]();
  const sums = new Float64Array(handlers);
  for (let handler = 0; handler < handlers; handler++) {
    subject.subscribe((order) => {
      latest = order;
      sums[handler] = (sums[handler] as number) + order.quantity;
    });
  }
  let batches = 0;
  const bench = new Bench({ time: milliseconds, warmupTime: milliseconds / 2, throws: true });
  bench.add(publisher, () => {
    batches++;
    return subject.publish(BATCH);
  });
  const watch = new Stopwatch();
  await bench.run();
  const { cpuMicros, seconds, rssMegabytes } = watch.stop(0);
  await subject.close();

  const result = bench.tasks[0]?.result;
  if (!result || !('latency' in result)) throw new Error(`tinybench has no figures for '${publisher}'.`);
  for (const sum of sums) check('the sum over delivered events', sum, batches * expectedQuantity(BATCH));
  // The CPU is of warm-up and measurement, in the share that was measured.
  const { latency } = result;
  const measured = (latency.mean * latency.samplesCount) / 1000;
  return {
    events: latency.samplesCount * BATCH,
    seconds: measured,
    cpuMicros: (cpuMicros * measured) / seconds,
    rssMegabytes,
    extra: { p50NanosPerEvent: (latency.p50 * 1e6) / BATCH, p99NanosPerEvent: (latency.p99 * 1e6) / BATCH },
  };
}
