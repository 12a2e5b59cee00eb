import { getHeapStatistics } from 'node:v8';
import { WorkMeter } from '../../dist/src/lanes/work-meter.js';
import { ACCEPT_CLOCK_READS } from '../../dist/src/limits.js';
import { Meters } from '../../dist/src/observe/meters.js';
import { type Sample, Stopwatch } from '../support/sample.js';

export interface AccountingRun {
  readonly events: number;
  /** Events of a lane batch. */
  readonly batch: number;
}

/** What the always-on accounting does for so many events, and nothing else: on one thread, one after the other. */
export default async function run({ events, batch }: AccountingRun): Promise<Sample> {
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
