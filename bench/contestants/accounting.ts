import { getHeapStatistics } from 'node:v8';
import { type Sample, Stopwatch } from '../support/sample.js';

export interface AccountingRun {
  readonly events: number;
  /** Events of a lane batch. */
  readonly batch: number;
}

/** What the always-on accounting does for so many events, and nothing else: on one thread, one after the other. */
export default async function run({ events, batch }: AccountingRun): Promise<Sample> {
  const { Meters } = await load<typeof import('../../dist/src/observe/meters.js')>('observe/meters.js');
  const { WorkMeter } =
    await load<typeof import('../../dist/src/lanes/work-meter.js')>('lanes/work-meter.js');
  const { ACCEPT_CLOCK_READS } = await load<typeof import('../../dist/src/limits.js')>('limits.js');
  const meters = new Meters();
  const work = new WorkMeter();
  count(Math.min(events, 200_000));
  const watch = new Stopwatch();
  count(events);
  return watch.stop(events);

  function count(total: number): void {
    for (let done = 0; done < total; done += batch) {
      const started = performance.now();
      for (let event = 0; event < batch; event++) {
        if (work.begin(1)) work.timed(1, performance.now() - started);
        if (event % ACCEPT_CLOCK_READS === 0) meters.waited.record(performance.now() - started);
      }
      const busy = performance.now() - started;
      meters.worked(0, { events: batch, busy, types: work.take(), heap: getHeapStatistics().used_heap_size });
      meters.sawKey(`key-${done % 1000}`, batch);
      meters.commit.record(busy);
    }
  }
}

/** The package's own modules, which are not part of its public face. */
async function load<Module>(path: string): Promise<Module> {
  const root = new URL('dist/src/', import.meta.resolve('millrace/package.json'));
  return (await import(new URL(path, root).href)) as Module;
}
