import type { EngineRun } from './contestants/engine.js';
import type { RawRun } from './contestants/raw-sqlite.js';
import { PAYLOAD_BYTES, type PayloadName } from './support/events.js';
import { describeKeys, type KeyPlan } from './support/keys.js';
import type { LoadPlan } from './support/pipeline.js';
import type { Bench, Measured } from './support/report.js';
import { resultOf, round } from './support/report.js';
import type { Runs, Session } from './support/session.js';
import { aside, type Contestant } from './support/spawn.js';

const THOUSAND: KeyPlan = { kind: 'uniform', keys: 1000 };

/** Key plans besides the 1,000 keys of the headline. */
export const KEY_PLANS: readonly KeyPlan[] = [
  { kind: 'uniform', keys: 1 },
  { kind: 'uniform', keys: 100 },
  { kind: 'uniform', keys: 100_000 },
  { kind: 'zipf', keys: 100_000 },
];

/** publish → SQLite with an fsync → lane handler → progress, beside one thread that does it all by hand. */
export const durable: Bench = {
  name: 'durable',
  title: 'Durable and handled events',
  async run(session: Session): Promise<Measured> {
    const sizes = session.choose({
      guard: { events: 200_000, naive: 2000 },
      short: { events: 400_000, naive: 2500 },
      full: { events: 1_000_000, naive: 20_000 },
    });
    const warmup = 60_000;
    const load: Load = (keys = THOUSAND, payload = 'small') => ({
      events: payload === 'small' ? sizes.events : sizes.events / 4,
      warmup: payload === 'small' ? warmup : warmup / 4,
      keys,
      payload,
    });
    const contestants = contestantsFor(session, load, sizes.naive);
    const runs = await session.rounds(contestants);
    const ratios = ratiosOf(session, runs);
    return {
      config: {
        durability: 'disk (WAL, synchronous FULL)',
        keys: '1,000 unless named',
        payloadBytes: PAYLOAD_BYTES.small,
        events: sizes.events,
        warmup,
        lanes: '1 unless named',
        validate: 'off unless named',
        repeats: session.repeats,
        twins:
          'one thread: encode, 50 rows an INSERT, 5,000 a transaction, handler inline; naive: text ids, JSON, 4 indexes, 1 event a transaction',
      },
      results: Object.keys(contestants).map((name) => resultOf(runs, name)),
      ratios: Object.fromEntries(Object.entries(ratios).map(([name, value]) => [name, round(value)])),
      targets: {
        vsIndexedInsert: { atLeast: 3 },
        vsPlainInsert: { atLeast: 0.45 },
        vsNaive: { atLeast: 60 },
        '100,000 keys to 1,000': { atLeast: 0.6 },
        '1 key to 1,000': { atLeast: 0.7 },
      },
    };
  },
};

/** Makes the load of a run, for keys and a payload. */
type Load = (keys?: KeyPlan, payload?: PayloadName) => LoadPlan;

function contestantsFor(session: Session, load: Load, naive: number): Record<string, Contestant> {
  const contestants: Record<string, Contestant> = {
    engine: engine(load()),
    indexed: raw(load(), true),
    plain: raw(load(), false),
    naive: { module: 'original-schema', options: { ...load(), events: naive, warmup: 500 } },
  };
  if (session.mode !== 'guard') {
    contestants.validated = aside(engine(load(), { validate: 'publish' }));
    contestants['plain records'] = aside(raw(load(), false, true));
    contestants['two lanes'] = aside(engine(load(), { threads: 2 }));
    for (const keys of KEY_PLANS) {
      const isAimedAt = keys.kind === 'uniform' && keys.keys !== 100;
      const contestant = engine(load(keys));
      contestants[`engine ${describeKeys(keys)}`] = isAimedAt ? contestant : aside(contestant);
    }
    contestants['plain 100,000'] = aside(raw(load({ kind: 'uniform', keys: 100_000 }), false));
    contestants['engine 1 KB'] = aside(engine(load(THOUSAND, 'large')));
    contestants['plain 1 KB'] = aside(raw(load(THOUSAND, 'large'), false));
    contestants['indexed 1 KB'] = aside(raw(load(THOUSAND, 'large'), true));
  }
  if (session.mode === 'full') {
    for (const keys of KEY_PLANS) contestants[`indexed ${describeKeys(keys)}`] = raw(load(keys), true);
  }
  return contestants;
}

function ratiosOf(session: Session, runs: Runs<string>): Record<string, number> {
  const ratios: Record<string, number> = {
    vsIndexedInsert: runs.ratio('engine', 'indexed'),
    vsPlainInsert: runs.ratio('engine', 'plain'),
    vsNaive: runs.ratio('engine', 'naive'),
  };
  if (session.mode !== 'guard') {
    ratios['100,000 keys to 1,000'] = runs.ratio('engine 100,000', 'engine');
    ratios['1 key to 1,000'] = runs.ratio('engine 1', 'engine');
    ratios['Zipf to 1,000 keys'] = runs.ratio(`engine ${describeKeys(KEY_PLANS[3] as KeyPlan)}`, 'engine');
    ratios['validated to unchecked'] = runs.ratio('validated', 'engine');
    ratios['two lanes to one'] = runs.ratio('two lanes', 'engine');
    ratios['vsPlainInsert of records'] = runs.ratio('engine', 'plain records');
    ratios['1 KB vsPlainInsert'] = runs.ratio('engine 1 KB', 'plain 1 KB');
    ratios['1 KB vsIndexedInsert'] = runs.ratio('engine 1 KB', 'indexed 1 KB');
    ratios['100,000 keys vsPlainInsert'] = runs.ratio('engine 100,000', 'plain 100,000');
  }
  return ratios;
}

function engine(load: LoadPlan, options: Partial<EngineRun> = {}): Contestant {
  const plan: EngineRun = { durability: 'disk', threads: 1, validate: 'off', ...load, ...options };
  return { module: 'engine', options: plan };
}

function raw(load: LoadPlan, unique: boolean, records = false): Contestant {
  const plan: RawRun = { ...load, unique, records };
  return { module: 'raw-sqlite', options: plan };
}
