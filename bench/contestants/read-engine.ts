import { openEngine } from 'millrace';
import { expectedQuantity, OrderNoted, OrderPlaced } from '../support/events.js';
import { keyNames, makeRandom } from '../support/keys.js';
import { check, type Sample, Stopwatch } from '../support/sample.js';
import { percentile } from '../support/statistics.js';

export interface ReadRun {
  readonly store: string;
  readonly events: number;
  readonly aggregates: number;
  /** Aggregates whose history is read; 0: the whole log is. */
  readonly histories: number;
}

/** `engine.read`: the whole log, or the history of random aggregates. */
export default async function run(plan: ReadRun): Promise<Sample> {
  const opening = performance.now();
  const engine = await openEngine({
    store: plan.store,
    threads: 0,
    events: [OrderPlaced, OrderNoted],
  });
  const openMilliseconds = performance.now() - opening;
  const sample = plan.histories === 0 ? await readLog(engine, plan) : await readHistories(engine, plan);
  await engine.close();
  return { ...sample, extra: { ...sample.extra, openMilliseconds } };
}

type Engine = Awaited<ReturnType<typeof openEngine>>;

async function readLog(engine: Engine, { events }: ReadRun): Promise<Sample> {
  let warm = 0;
  for await (const event of engine.read({ fromPosition: Math.max(1, events - 50_000) }))
    warm += event.position;
  check('the warm-up', Math.sign(warm), 1);
  let sum = 0;
  const watch = new Stopwatch();
  for await (const event of engine.read()) sum += (event.data as { readonly quantity: number }).quantity;
  const sample = watch.stop(events);
  check('the sum over read events', sum, expectedQuantity(events));
  return sample;
}

async function readHistories(engine: Engine, { events, aggregates, histories }: ReadRun): Promise<Sample> {
  const names = keyNames({ kind: 'uniform', keys: aggregates });
  const random = makeRandom(5);
  const times = new Float64Array(histories);
  let read = 0;
  const readOne = async (): Promise<void> => {
    const aggregateId = names[Math.floor(random() * aggregates)] as string;
    for await (const event of engine.read({ aggregateId })) if (event.data) read++;
  };
  for (let index = 0; index < histories / 4; index++) await readOne();
  read = 0;
  const watch = new Stopwatch();
  for (let index = 0; index < histories; index++) {
    const started = performance.now();
    await readOne();
    times[index] = performance.now() - started;
  }
  const sample = watch.stop(read);
  check('the number of read events', read, (histories * events) / aggregates);
  times.sort();
  return {
    ...sample,
    extra: { 'history p50 ms': percentile(times, 0.5), 'history p99 ms': percentile(times, 0.99) },
  };
}
