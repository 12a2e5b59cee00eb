import type { Until } from 'millrace';
import { makeOrder, OrderPlaced } from '../support/events.js';
import { drawKeys, keyNames } from '../support/keys.js';
import { runOpenLoop } from '../support/open-loop.js';
import { type EnginePlan, type LoadPlan, openCounting, warmUp } from '../support/pipeline.js';
import { type Sample, Stopwatch } from '../support/sample.js';
import type { Scratch } from '../support/spawn.js';
import { percentile } from '../support/statistics.js';

export interface LatencyRun extends EnginePlan, LoadPlan {
  readonly rate: number;
}

export const STAGES: readonly Until[] = ['accepted', 'durable', 'handled'];

/** Measured events a second. The rest is published without a promise, as a busy program would. */
const MEASURED_PER_SECOND = 9000;

/** Share of the run whose first events are not measured: some code, such as an index pass, runs once a second. */
const SETTLING = 0.5;

/** Open-loop load: the time from the instant at which an event was to be sent until it is accepted, durable, handled. */
export default async function run(options: LatencyRun & Scratch): Promise<Sample> {
  const { engine } = await openCounting(options, options.directory);
  await warmUp(engine, options);
  const names = keyNames(options.keys);
  const keys = drawKeys(options.keys, options.events);
  const every = Math.max(1, Math.floor(options.rate / MEASURED_PER_SECOND));
  const settled = options.events * SETTLING;
  const times = new Map<Until, number[]>(STAGES.map((stage) => [stage, []]));
  const measured: Promise<void>[] = [];
  let refused = 0;
  globalThis.gc?.();

  const watch = new Stopwatch();
  await runOpenLoop({
    rate: options.rate,
    events: options.events,
    publish(index, intended) {
      const event = OrderPlaced(makeOrder(names[keys[index] as number] as string, index));
      if (index < settled || index % every !== 0) {
        if (engine.offer(event)) return undefined;
        refused++;
        return engine.ready();
      }
      const until = STAGES[(index / every) % STAGES.length] as Until;
      const list = times.get(until) as number[];
      measured.push(
        engine.publish(event, { until }).then(() => {
          list.push(performance.now() - intended);
        }),
      );
      return undefined;
    },
  });
  const sample = watch.stop(options.events);
  await Promise.all(measured);
  await engine.close();
  return { ...sample, extra: { ...percentiles(times), refused } };
}

/** p50, p99 and p99.9 in milliseconds, by stage. */
export function percentiles(times: ReadonlyMap<string, readonly number[]>): Record<string, number> {
  const figures: Record<string, number> = {};
  for (const [stage, list] of times) {
    const sorted = Float64Array.from(list).sort();
    figures[`${stage} p50 ms`] = percentile(sorted, 0.5);
    figures[`${stage} p99 ms`] = percentile(sorted, 0.99);
    figures[`${stage} p99.9 ms`] = percentile(sorted, 0.999);
  }
  return figures;
}
