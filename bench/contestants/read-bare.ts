import Database from 'better-sqlite3';
import { Unpackr } from 'msgpackr';
import { expectedQuantity } from '../support/events.js';
import { keyNames, makeRandom } from '../support/keys.js';
import { check, type Sample, Stopwatch } from '../support/sample.js';
import { percentile } from '../support/statistics.js';
import type { ReadRun } from './read-engine.js';

const COLUMNS = 'position, type, aggregate, version, occurred_at, data';
type Row = readonly [number, number, number, number, number, Buffer];

/** A bare SELECT, and unpack on each row: the log of a table of rows, or histories of a table with an index. */
export default async function run(plan: ReadRun): Promise<Sample> {
  const database = new Database(plan.store, { readonly: true });
  const sample = plan.histories === 0 ? readLog(database, plan) : readHistories(database, plan);
  database.close();
  return sample;
}

function readLog(database: Database.Database, { events }: ReadRun): Sample {
  const unpackr = storeUnpackr(database);
  const select = database
    .prepare(`SELECT ${COLUMNS} FROM events WHERE position >= ? ORDER BY position`)
    .raw();
  const sumFrom = (position: number): number => {
    let sum = 0;
    for (const row of select.iterate(position) as IterableIterator<Row>) {
      sum += (unpackr.unpack(row[5]) as { readonly quantity: number }).quantity;
    }
    return sum;
  };
  sumFrom(Math.max(1, events - 50_000));
  const watch = new Stopwatch();
  const sum = sumFrom(1);
  const sample = watch.stop(events);
  check('the sum over read events', sum, expectedQuantity(events));
  return sample;
}

/** Records, as the engine's payloads are. */
function storeUnpackr(database: Database.Database): Unpackr {
  const shapes = database.prepare('SELECT keys FROM shapes ORDER BY id').pluck().all() as string[];
  return new Unpackr({
    getStructures: () => shapes.map((keys) => JSON.parse(keys) as string[]) as never,
    mapsAsObjects: true,
  });
}

function readHistories(database: Database.Database, { events, aggregates, histories }: ReadRun): Sample {
  const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true });
  const select = database.prepare(`SELECT ${COLUMNS} FROM events WHERE aggregate = ? ORDER BY version`).raw();
  const names = keyNames({ kind: 'uniform', keys: aggregates });
  const ids = new Map(
    (database.prepare('SELECT name, id FROM names').raw().all() as [string, number][]).map((row) => row),
  );
  const random = makeRandom(5);
  const times = new Float64Array(histories);
  let read = 0;
  const readOne = (): void => {
    const rows = select.all(ids.get(names[Math.floor(random() * aggregates)] as string)) as Row[];
    for (const row of rows) if (unpackr.unpack(row[5])) read++;
  };
  for (let index = 0; index < histories / 4; index++) readOne();
  read = 0;
  const watch = new Stopwatch();
  for (let index = 0; index < histories; index++) {
    const started = performance.now();
    readOne();
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
