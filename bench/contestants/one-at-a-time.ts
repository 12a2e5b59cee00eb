import { makeOrder, OrderPlaced } from '../support/events.js';
import { keyNames } from '../support/keys.js';
import { type EnginePlan, type LoadPlan, openCounting, warmUp } from '../support/pipeline.js';
import { type Sample, Stopwatch } from '../support/sample.js';
import type { Scratch } from '../support/spawn.js';
import { percentiles, STAGES } from './latency.js';

export type OneAtATimeRun = EnginePlan & LoadPlan;

/** Closed loop: the next event is published when the last one has come as far as asked. */
export default async function run(options: OneAtATimeRun & Scratch): Promise<Sample> {
  const { engine } = await openCounting(options, options.directory);
  await warmUp(engine, options);
  const names = keyNames(options.keys);
  const times = new Map<string, number[]>();
  globalThis.gc?.();

  const watch = new Stopwatch();
  for (const until of STAGES) {
    const list: number[] = [];
    times.set(until, list);
    for (let index = 0; index < options.events; index++) {
      const event = OrderPlaced(makeOrder(names[index % names.length] as string, index));
      const started = performance.now();
      await engine.publish(event, { until });
      list.push(performance.now() - started);
    }
    await engine.drain();
  }
  const sample = watch.stop(options.events * STAGES.length, percentiles(times));
  await engine.close();
  return sample;
}
