import { openEngine } from 'millrace';
import { WaitOrdered } from '../support/events.js';
import { check, type Sample, Stopwatch } from '../support/sample.js';
import { makeSums, totalOf } from '../support/sums.js';

export interface AsyncRun {
  readonly events: number;
  readonly milliseconds: number;
  readonly concurrency: number;
}

export interface AsyncEngineRun extends AsyncRun {
  readonly threads: number;
}

const WARM_UP = 2000;

/** Millrace: handlers that wait, each event of a key of its own. */
export default async function run(plan: AsyncEngineRun): Promise<Sample> {
  const { events, milliseconds, concurrency, threads } = plan;
  const sums = makeSums();
  const engine = await openEngine({
    threads,
    concurrency,
    validate: 'off',
    events: [WaitOrdered],
    handlers: [new URL('../handlers/wait.handlers.js', import.meta.url)],
    shared: { sums },
  });
  const publish = (count: number, name: string, wait: number) =>
    engine.publishMany(
      Array.from({ length: count }, (_, index) =>
        WaitOrdered({ key: `${name}-${index}`, milliseconds: wait }),
      ),
      { until: 'handled' },
    );
  await publish(WARM_UP, 'warm', 1);

  const watch = new Stopwatch();
  await publish(events, 'wait', milliseconds);
  const sample = watch.stop(events);

  await engine.close();
  check('the count of events', totalOf(sums), WARM_UP + events);
  return sample;
}
