import { join } from 'node:path';
import { openEngine } from 'millrace';
import { makeOrder, OrderNoted, OrderPlaced } from '../support/events.js';
import { keyNames } from '../support/keys.js';
import { type Sample, Stopwatch } from '../support/sample.js';
import type { Scratch } from '../support/spawn.js';
import { makeSums } from '../support/sums.js';

const EVENTS = 1000;

/** The original's own measurement: 1,000 events, published one by one, stored and handled. All defaults. */
export default async function run({ directory }: Scratch): Promise<Sample> {
  const engine = await openEngine({
    store: join(directory, 'store.db'),
    events: [OrderPlaced, OrderNoted],
    handlers: [new URL('../handlers/count.handlers.js', import.meta.url)],
    shared: { sums: makeSums() },
  });
  const names = keyNames({ kind: 'uniform', keys: 100 });
  const publishAll = async (): Promise<number> => {
    const started = performance.now();
    const published: Promise<unknown>[] = [];
    for (let index = 0; index < EVENTS; index++) {
      const event = OrderPlaced(makeOrder(names[index % names.length] as string, index));
      published.push(engine.publish(event, { until: 'handled' }));
    }
    await Promise.all(published);
    return performance.now() - started;
  };
  const watch = new Stopwatch();
  // Cold: the very first events of a fresh process, nothing compiled yet.
  const coldMilliseconds = await publishAll();
  const sample = watch.stop(EVENTS);
  for (let round = 0; round < 20; round++) await publishAll();
  const warmMilliseconds = await publishAll();
  await engine.close();
  return { ...sample, extra: { 'cold ms': coldMilliseconds, 'warm ms': warmMilliseconds } };
}
