import { join } from 'node:path';
import type { FillRaw } from './contestants/fill-raw.js';
import type { FillRun } from './contestants/fill-store.js';
import type { ReadRun } from './contestants/read-engine.js';
import { PAYLOAD_BYTES } from './support/events.js';
import { type Bench, type Measured, resultOf, round } from './support/report.js';
import type { Session } from './support/session.js';

const EVENTS_PER_AGGREGATE = 10;

/** Reading back: the whole log, and one aggregate's history among very many. */
export const replay: Bench = {
  name: 'replay',
  title: 'Reading the log and one aggregate',
  async run(session: Session): Promise<Measured> {
    const events = session.choose({ guard: 200_000, short: 1_000_000, full: 1_000_000 });
    const aggregates = events / EVENTS_PER_AGGREGATE;
    const histories = session.choose({ guard: 1000, short: 4000, full: 40_000 });
    const directory = session.makeDirectory();
    const store = join(directory, 'store.db');
    try {
      const fill: FillRun = {
        store,
        events,
        warmup: 0,
        keys: { kind: 'uniform', keys: aggregates },
        payload: 'small',
      };
      await session.run('filling the store', { module: 'fill-store', options: fill });
      const log: ReadRun = { store, events, aggregates, histories: 0 };
      const history: ReadRun = { ...log, histories };
      const twin = join(directory, 'twin.db');
      const indexed: FillRaw = { ...fill, store: twin, unique: true, records: false };
      await session.run("filling the twin's table", { module: 'fill-raw', options: indexed });
      const rows = join(directory, 'rows.db');
      const plain: FillRaw = { ...fill, store: rows, unique: false, records: true };
      await session.run("filling the twin's rows", { module: 'fill-raw', options: plain });
      const contestants = {
        'log, engine': { module: 'read-engine', options: log },
        'log, bare SELECT': { module: 'read-bare', options: { ...log, store: rows } },
        'one aggregate, engine': { module: 'read-engine', options: history },
        'one aggregate, bare SELECT': { module: 'read-bare', options: { ...history, store: twin } },
      };
      const runs = await session.rounds(contestants);
      const names = Object.keys(contestants) as (keyof typeof contestants)[];
      return {
        config: {
          durability: 'disk',
          events,
          keys: aggregates,
          eventsPerAggregate: EVENTS_PER_AGGREGATE,
          payloadBytes: PAYLOAD_BYTES.small,
          warmup: 'the last 50,000 events; a quarter of the histories',
          repeats: session.repeats,
          twin: 'better-sqlite3: SELECT, raw rows, msgpackr unpack; the log from one row per event, of records; histories from a table with UNIQUE (aggregate, version)',
        },
        results: names.map((name) => resultOf(runs, name)),
        ratios: {
          vsBareSelect: round(runs.ratio('log, engine', 'log, bare SELECT')),
          'vsBareSelect, one aggregate': round(
            runs.ratio('one aggregate, engine', 'one aggregate, bare SELECT'),
          ),
          'one aggregate p50 ms': round(runs.extra('one aggregate, engine', 'history p50 ms')),
        },
        targets: { vsBareSelect: { atLeast: 3 }, 'one aggregate p50 ms': { atMost: 1 } },
      };
    } finally {
      session.discard(directory);
    }
  },
};
