import { expectedQuantity } from '../../dist/support/events.js';
import { PUBLISHERS, type PublisherName } from '../../dist/support/publishers.js';
import { check, type Sample, Stopwatch } from '../../dist/support/sample.js';
import type { PeerRun } from './load.js';

export interface EmitterRun extends PeerRun {
  readonly publisher: PublisherName;
}

/** Millrace's subscribers, or an emitter of the publisher bench: in memory, on the main thread, one handler. */
export default async function run({ publisher, warmup, events }: EmitterRun): Promise<Sample> {
  const subject = await PUBLISHERS[publisher]();
  let handled = 0;
  let sum = 0;
  subject.subscribe(({ quantity }) => {
    handled++;
    sum += quantity;
  });
  await subject.publish(warmup);
  globalThis.gc?.();

  const watch = new Stopwatch();
  await subject.publish(events);
  const sample = watch.stop(events);

  await subject.close();
  check('the number of handled events', handled, warmup + events);
  check('the sum over handled events', sum, expectedQuantity(warmup) + expectedQuantity(events));
  return sample;
}
