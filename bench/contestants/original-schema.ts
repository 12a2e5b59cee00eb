import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { expectedQuantity, makeNotedOrder, makeOrder } from '../support/events.js';
import { drawKeys, keyNames } from '../support/keys.js';
import type { LoadPlan } from '../support/pipeline.js';
import { openDurable } from '../support/raw-writer.js';
import { check, type Sample, Stopwatch } from '../support/sample.js';
import type { Scratch } from '../support/spawn.js';

/** The schema of the Python engine that Millrace began as: text ids, JSON, and an index for every question. */
const SCHEMA = `
CREATE TABLE events (
  event_id TEXT PRIMARY KEY,
  aggregate_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  version INTEGER NOT NULL,
  payload TEXT NOT NULL,
  occurred_at TEXT NOT NULL
);
CREATE INDEX events_type ON events (event_type);
CREATE INDEX events_aggregate ON events (aggregate_id);
CREATE INDEX events_time ON events (occurred_at);`;

/** The naive way: that schema, one transaction an event, the handler called inline. */
export default async function run(options: LoadPlan & Scratch): Promise<Sample> {
  const names = keyNames(options.keys);
  const keys = drawKeys(options.keys, options.events);
  const make = options.payload === 'small' ? makeOrder : makeNotedOrder;
  const database = openDurable(join(options.directory, 'original.db'));
  database.exec(SCHEMA);
  const insert = database.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)');
  const versions = new Map<string, number>();
  let sum = 0;
  const publish = (name: string, index: number): void => {
    const data = make(name, index);
    const version = (versions.get(name) ?? 0) + 1;
    versions.set(name, version);
    const now = new Date().toISOString();
    insert.run(randomUUID(), name, 'bench.order_placed', version, JSON.stringify(data), now);
    sum += data.quantity;
  };

  for (let index = 0; index < options.warmup; index++) publish('warm', index);
  globalThis.gc?.();

  const watch = new Stopwatch();
  for (let index = 0; index < options.events; index++) publish(names[keys[index] as number] as string, index);
  const sample = watch.stop(options.events);

  database.close();
  check(
    'the sum over handled events',
    sum,
    expectedQuantity(options.warmup) + expectedQuantity(options.events),
  );
  return sample;
}
