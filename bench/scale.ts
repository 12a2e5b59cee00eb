import { join } from 'node:path';
import type { EngineRun } from './contestants/engine.js';
import type { FillRun } from './contestants/fill-store.js';
import { PAYLOAD_BYTES } from './support/events.js';
import type { KeyPlan } from './support/keys.js';
import { type Bench, type Measured, resultOf, round } from './support/report.js';
import type { Session } from './support/session.js';
import { aside, type Contestant } from './support/spawn.js';

const THOUSAND: KeyPlan = { kind: 'uniform', keys: 1000 };

/** How cost grows with the events in the file, and with the aggregates that there are. */
export const scale: Bench = {
  name: 'scale',
  title: 'Throughput as file and aggregates grow',
  async run(session: Session): Promise<Measured> {
    const events = session.choose({ guard: 100_000, short: 200_000, full: 1_000_000 });
    const sizes = session.choose({
      guard: [100_000],
      short: [1_000_000],
      full: [1_000_000, 3_000_000, 10_000_000],
    });
    const aggregates = session.choose({
      guard: [100],
      short: [100, 10_000, 100_000, 1_000_000],
      full: [100, 10_000, 100_000, 1_000_000],
    });
    const directory = session.makeDirectory();
    const filled = async (name: string, count: number, keys: KeyPlan): Promise<string> => {
      const store = join(directory, `${name}.db`);
      const fill: FillRun = { store, events: count, warmup: 0, keys, payload: 'small' };
      await session.run(`filling ${name}`, { module: 'fill-store', options: fill });
      return store;
    };
    const appending = (keys: KeyPlan, store?: string): Contestant => {
      const options: EngineRun = {
        durability: 'disk',
        threads: 1,
        validate: 'off',
        events,
        warmup: 60_000,
        keys,
        payload: 'small',
        ...(store !== undefined && { store }),
      };
      return { module: 'engine', options };
    };
    try {
      const contestants: Record<string, Contestant> = { 'empty file': appending(THOUSAND) };
      for (const size of sizes) {
        contestants[inFile(size)] = appending(THOUSAND, await filled(`events-${size}`, size, THOUSAND));
      }
      for (const keys of aggregates) {
        // All aggregates exist before: what is measured is their number, not their making (`durable` has that).
        const plan: KeyPlan = { kind: 'uniform', keys };
        contestants[known(keys)] = aside(appending(plan, await filled(`keys-${keys}`, keys, plan)));
      }
      const runs = await session.rounds(contestants);
      const ratios: Record<string, number> = {};
      for (const size of sizes)
        ratios[`${inFile(size)} to empty`] = round(runs.ratio(inFile(size), 'empty file'));
      for (const keys of aggregates)
        ratios[`${known(keys)} to 1,000 new`] = round(runs.ratio(known(keys), 'empty file'));
      return {
        config: {
          durability: 'disk (WAL, synchronous FULL)',
          keys: '1,000 unless named',
          payloadBytes: PAYLOAD_BYTES.small,
          events,
          warmup: 60_000,
          lanes: 1,
          validate: 'off',
          repeats: session.repeats,
          growth: 'each round appends to the same file, so sizes are those of the first round',
        },
        results: Object.keys(contestants).map((name) => resultOf(runs, name)),
        ratios,
        targets: { [`${inFile(10_000_000)} to empty`]: { atLeast: 0.85 } },
      };
    } finally {
      session.discard(directory);
    }
  },
};

function inFile(size: number): string {
  return `${size.toLocaleString('en')} events in file`;
}

function known(keys: number): string {
  return `${keys.toLocaleString('en')} aggregates`;
}
