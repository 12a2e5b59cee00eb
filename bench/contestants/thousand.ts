import { join } from 'node:path';
import { type NewEvent, openEngine } from 'millrace';
import { createEventBus } from 'millrace/bus';
import { makeOrder, OrderNoted, OrderPlaced } from '../support/events.js';
import { keyNames } from '../support/keys.js';
import { type Sample, Stopwatch } from '../support/sample.js';
import type { Scratch } from '../support/spawn.js';
import { makeSums } from '../support/sums.js';

const EVENTS = 1000;

export interface ThousandRun {
  /** Through an event bus to a subscriber on the main thread, or through an engine to a handler on a lane. */
  readonly through: 'bus' | 'engine';
}

/** The original's own measurement: 1,000 events, published one by one, stored and handled. All defaults. */
export default async function run(options: ThousandRun & Scratch): Promise<Sample> {
  const { publish, close } = await (options.through === 'bus' ? openBus(options) : openLanes(options));
  const names = keyNames({ kind: 'uniform', keys: 100 });
  const publishAll = async (): Promise<number> => {
    const started = performance.now();
    const published: Promise<unknown>[] = [];
    for (let index = 0; index < EVENTS; index++) {
      const event = OrderPlaced(makeOrder(names[index % names.length] as string, index));
      published.push(publish(event));
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
  await close();
  return { ...sample, extra: { 'cold ms': coldMilliseconds, 'warm ms': warmMilliseconds } };
}

interface Opened {
  /** Resolves when the event is stored and handled. */
  readonly publish: (event: NewEvent) => Promise<unknown>;
  readonly close: () => Promise<void>;
}

async function openLanes({ directory }: Scratch): Promise<Opened> {
  const engine = await openEngine({
    store: join(directory, 'store.db'),
    events: [OrderPlaced, OrderNoted],
    handlers: [new URL('../handlers/count.handlers.js', import.meta.url)],
    shared: { sums: makeSums() },
  });
  return {
    publish: (event) => engine.publish(event, { until: 'handled' }),
    close: () => engine.close(),
  };
}

async function openBus({ directory }: Scratch): Promise<Opened> {
  const bus = createEventBus({ store: join(directory, 'store.db'), events: [OrderPlaced, OrderNoted] });
  let quantity = 0;
  bus.subscribe(OrderPlaced, ({ data }) => {
    quantity += data.quantity;
  });
  await bus.start();
  return {
    publish: (event) => bus.publish(event, { until: 'handled' }),
    close: async () => {
      await bus.stop();
      if (quantity <= 0) throw new Error('The bus has handled nothing.');
    },
  };
}
