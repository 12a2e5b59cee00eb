import { join } from 'node:path';
import { type Engine, openEngine } from 'millrace';
import { Counter } from '../handlers/counter.js';
import { makeOrder, OrderNoted, OrderPlaced } from '../support/events.js';
import { drawKeys, type KeyPlan, keyNames } from '../support/keys.js';
import { check, type Sample, Stopwatch } from '../support/sample.js';
import type { Scratch } from '../support/spawn.js';
import { percentile } from '../support/statistics.js';
import { makeSums } from '../support/sums.js';

export interface CommandsRun {
  readonly calls: 'execute' | 'publish';
  readonly events: number;
  readonly warmup: number;
  readonly keys: KeyPlan;
  readonly threads: number;
  /** Callers, each of whom waits for its call before the next one. */
  readonly inFlight: number;
}

/** Calls that wait until they are durable: of a decider on its lane, or of `publish` with a handler there. */
export default async function run(options: CommandsRun & Scratch): Promise<Sample> {
  const engine = await openEngine({
    durability: 'disk',
    store: join(options.directory, 'store.db'),
    threads: options.threads,
    events: [OrderPlaced, OrderNoted],
    handlers: options.calls === 'publish' ? [new URL('../handlers/count.handlers.js', import.meta.url)] : [],
    aggregates: options.calls === 'execute' ? [new URL('../handlers/counter.js', import.meta.url)] : [],
    shared: { sums: makeSums() },
  });
  const names = keyNames(options.keys);
  await callAll(engine, options, names, options.warmup);
  const before = engine.stats().lastPosition;
  globalThis.gc?.();
  const watch = new Stopwatch();
  const times = await callAll(engine, options, names, options.events);
  await engine.drain();
  const sorted = Float64Array.from(times).sort();
  const sample = watch.stop(options.events, {
    'p50 ms': percentile(sorted, 0.5),
    'p99 ms': percentile(sorted, 0.99),
  });
  check('the number of events', engine.stats().lastPosition - before, options.events);
  await engine.close();
  return sample;
}

async function callAll(
  engine: Engine,
  { calls, inFlight, keys }: CommandsRun,
  names: readonly string[],
  count: number,
): Promise<readonly number[]> {
  const drawn = drawKeys(keys, count);
  const times: number[] = [];
  let next = 0;
  const call = async () => {
    while (next < count) {
      const index = next++;
      const name = names[drawn[index] as number] as string;
      const started = performance.now();
      if (calls === 'execute') await engine.execute(Counter, name, 'place', { index });
      else await engine.publish(OrderPlaced(makeOrder(name, index)));
      times.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, call));
  return times;
}
