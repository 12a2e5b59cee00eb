import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expectedQuantity } from '../support/events.js';
import { drawKeys, keyNames } from '../support/keys.js';
import { type EnginePlan, type LoadPlan, openCounting, orders, warmUp } from '../support/pipeline.js';
import { check, type Sample, Stopwatch } from '../support/sample.js';
import type { Scratch } from '../support/spawn.js';
import { totalOf } from '../support/sums.js';

export interface EngineRun extends EnginePlan, LoadPlan {
  /** A store that has events already. Default: a new one. */
  readonly store?: string;
  /** What is sampled meanwhile. Default: nothing. */
  readonly profile?: { readonly cpu: boolean; readonly heap: boolean };
}

/** Millrace: publishMany → writer → lane → progress. The clock stops when all is handled and committed. */
export default async function run(options: EngineRun & Scratch): Promise<Sample> {
  const names = keyNames(options.keys);
  const keys = drawKeys(options.keys, options.events);
  const { engine, sums, store } = await openCounting(options, options.directory, options.store);
  const before = engine.stats().lastPosition;
  await warmUp(engine, options);
  const { commits, laneTasks } = engine.stats();
  globalThis.gc?.();

  const ending = new AbortController();
  const profile = options.profile && {
    signal: ending.signal,
    directory: join(options.directory, 'profile'),
    ...options.profile,
  };
  const report = profile && engine.profile(profile);
  const watch = new Stopwatch();
  await engine.publishMany(orders(names, keys, options.payload), { until: 'accepted' });
  await engine.drain();
  const stats = engine.stats();
  const sample = watch.stop(options.events, {
    eventsPerCommit: options.events / (stats.commits - commits),
    eventsPerLaneTask: options.events / (stats.laneTasks - laneTasks),
  });

  ending.abort();
  await report;
  await engine.close();
  check(
    'the sum over handled events',
    totalOf(sums),
    expectedQuantity(options.warmup) + expectedQuantity(options.events),
  );
  if (options.durability !== 'memory') {
    const database = new Database(store, { readonly: true });
    const rows = database.prepare('SELECT sum(count) FROM segments').pluck().get();
    database.close();
    check('the number of stored events', (rows as number) - before, options.warmup + options.events);
  }
  return sample;
}
