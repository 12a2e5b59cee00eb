import { openEngine } from 'millrace';
import { expectedQuantity, makeOrder, OrderNoted, OrderPlaced } from '../support/events.js';
import { keyNames } from '../support/keys.js';
import { check, type Sample, Stopwatch } from '../support/sample.js';
import { makeSums, totalOf } from '../support/sums.js';

export interface DeterministicRun {
  readonly events: number;
  readonly warmup: number;
  readonly keys: number;
  readonly deterministic: boolean;
}

/** The same events of few or many keys, in deterministic mode or not. */
export default async function run(plan: DeterministicRun): Promise<Sample> {
  const sums = makeSums();
  const engine = await openEngine({
    threads: 1,
    validate: 'off',
    dispatch: 'accepted',
    deterministic: plan.deterministic,
    events: [OrderPlaced, OrderNoted],
    handlers: [new URL('../handlers/count.handlers.js', import.meta.url)],
    shared: { sums },
  });
  const publish = (count: number, prefix: string) => {
    const names = keyNames({ kind: 'uniform', keys: plan.keys }, prefix);
    const events = Array.from({ length: count }, (_, index) =>
      OrderPlaced(makeOrder(names[index % names.length] as string, index), { occurredAt: 1000 + index }),
    );
    return engine.publishMany(events, { until: 'handled' });
  };
  await publish(plan.warmup, 'warm');

  const watch = new Stopwatch();
  await publish(plan.events, 'order');
  const sample = watch.stop(plan.events);

  await engine.close();
  const expected = expectedQuantity(plan.warmup) + expectedQuantity(plan.events);
  check('the sum of quantities', totalOf(sums), expected);
  return sample;
}
