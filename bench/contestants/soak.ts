import { statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { expectedQuantity, makeOrder, OrderPlaced } from '../support/events.js';
import { drawKeys, keyNames } from '../support/keys.js';
import { runOpenLoop } from '../support/open-loop.js';
import { type EnginePlan, type LoadPlan, openCounting, warmUp } from '../support/pipeline.js';
import { check, type Sample, Stopwatch } from '../support/sample.js';
import type { Scratch } from '../support/spawn.js';
import { regression } from '../support/statistics.js';
import { totalOf } from '../support/sums.js';

export interface SoakRun extends EnginePlan, LoadPlan {
  readonly rate: number;
}

const SAMPLE_MILLISECONDS = 250;

/** Memory is still being taken into use at first: pools fill, code is compiled. */
const SETTLING = 1 / 3;

/** Keys are drawn anew from a table of this length: a long run needs no long array. */
const DRAWN = 1 << 20;

/** A steady load for a long time: memory by regression, the size of files, and that nothing is lost. */
export default async function run(options: SoakRun & Scratch): Promise<Sample> {
  const { engine, sums, store } = await openCounting(options, options.directory);
  await warmUp(engine, options);
  const names = keyNames(options.keys);
  const keys = drawKeys(options.keys, DRAWN);
  const seconds: number[] = [];
  const megabytes: number[] = [];
  let walMegabytesMax = 0;
  const started = performance.now();
  const sampler = setInterval(() => {
    seconds.push((performance.now() - started) / 1000);
    megabytes.push(process.memoryUsage.rss() / 2 ** 20);
    walMegabytesMax = Math.max(walMegabytesMax, sizeOf(`${store}-wal`));
  }, SAMPLE_MILLISECONDS);

  const watch = new Stopwatch();
  await runOpenLoop({
    rate: options.rate,
    events: options.events,
    publish(index) {
      const name = names[keys[index % DRAWN] as number] as string;
      return engine.offer(OrderPlaced(makeOrder(name, index))) ? undefined : engine.ready();
    },
  });
  await engine.drain();
  const sample = watch.stop(options.events);
  clearInterval(sampler);
  await engine.close();

  check(
    'the sum over handled events',
    totalOf(sums),
    expectedQuantity(options.warmup) + expectedQuantity(options.events),
  );
  const database = new Database(store, { readonly: true });
  const rows = database.prepare('SELECT sum(count) FROM segments').pluck().get() as number;
  const last = database.prepare('SELECT max(first + count - 1) FROM segments').pluck().get() as number;
  database.close();
  check('the number of stored rows', rows, options.warmup + options.events);
  check('the last position', last, rows);

  const from = Math.floor(seconds.length * SETTLING);
  const { slope, error } = regression(seconds.slice(from), megabytes.slice(from));
  const level = megabytes[from] ?? Number.NaN;
  return {
    ...sample,
    extra: {
      'settled RSS MB': level,
      'slope MB/min': slope * 60,
      'slope error MB/min': error * 60,
      'slope %/h': (slope * 3600 * 100) / level,
      'file MB': sizeOf(store),
      'WAL MB max': walMegabytesMax,
      lost: options.warmup + options.events - rows,
    },
  };
}

function sizeOf(path: string): number {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) / 2 ** 20;
}
