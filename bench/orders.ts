import type { EngineRun } from './contestants/engine.js';
import type { RawRun } from './contestants/raw-sqlite.js';
import { PAYLOAD_BYTES } from './support/events.js';
import type { KeyPlan } from './support/keys.js';
import { type Bench, type Measured, resultOf, round } from './support/report.js';
import type { Session } from './support/session.js';
import type { Contestant } from './support/spawn.js';

/** The load of most real systems: a new aggregate for each order, with a random id and a few events. */
export const orders: Bench = {
  name: 'orders',
  title: 'New aggregates with random ids',
  async run(session: Session): Promise<Measured> {
    const aggregates = session.choose({ guard: 50_000, short: 200_000, full: 1_000_000 });
    const warmup = 60_000;
    const engine = (keys: KeyPlan, events: number): Contestant => {
      const options: EngineRun = {
        durability: 'disk',
        threads: 1,
        validate: 'off',
        events,
        warmup,
        keys,
        payload: 'small',
      };
      return { module: 'engine', options };
    };
    const five: KeyPlan = { kind: 'orders', keys: aggregates, each: 5, uuids: true };
    const one: KeyPlan = { kind: 'orders', keys: aggregates, each: 1, uuids: true };
    const thousand: KeyPlan = { kind: 'uniform', keys: 1000, uuids: true };
    const twin: RawRun = {
      unique: true,
      records: false,
      events: 5 * aggregates,
      warmup,
      keys: five,
      payload: 'small',
    };
    const contestants: Record<string, Contestant> = {
      'five events each': engine(five, 5 * aggregates),
      'one event each': engine(one, aggregates),
      '1,000 keys': engine(thousand, 5 * aggregates),
      'indexed, five events each': { module: 'raw-sqlite', options: twin },
    };
    const runs = await session.rounds(contestants);
    return {
      config: {
        durability: 'disk (WAL, synchronous FULL)',
        keys: `${aggregates.toLocaleString('en')} new aggregates, named by random UUIDs; 50,000 open at a time`,
        payloadBytes: PAYLOAD_BYTES.small,
        warmup,
        lanes: 1,
        validate: 'off',
        repeats: session.repeats,
        twins:
          'one thread: encode, 50 rows an INSERT, 5,000 a transaction, UNIQUE (aggregate, version), handler inline',
      },
      results: Object.keys(contestants).map((name) => resultOf(runs, name)),
      ratios: {
        toDurable: round(runs.ratio('five events each', '1,000 keys')),
        'toDurable, one event each': round(runs.ratio('one event each', '1,000 keys')),
        vsIndexedInsert: round(runs.ratio('five events each', 'indexed, five events each')),
      },
      targets: {
        toDurable: { atLeast: 0.7 },
        'toDurable, one event each': { atLeast: 0.4 },
        vsIndexedInsert: { atLeast: 6 },
      },
    };
  },
};
