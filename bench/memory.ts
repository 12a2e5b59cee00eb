import type { EngineRun } from './contestants/engine.js';
import type { PiscinaRun } from './contestants/piscina-each.js';
import { PAYLOAD_BYTES } from './support/events.js';
import type { LoadPlan } from './support/pipeline.js';
import type { Bench, Measured } from './support/report.js';
import { resultOf, round, summarise } from './support/report.js';
import type { Sample } from './support/sample.js';
import { rate, type Session } from './support/session.js';
import { aside, type Contestant } from './support/spawn.js';

/** Settings of the twin that are tried; the best one is compared with. */
const CANDIDATES = [1, 16, 64, 256, 1000];

/** publish → lane handler with nothing stored, beside one Piscina run() an event. */
export const memory: Bench = {
  name: 'memory',
  title: 'Events handled on threads, nothing stored',
  async run(session: Session): Promise<Measured> {
    const events = session.choose({ guard: 400_000, short: 500_000, full: 3_000_000 });
    const load: LoadPlan = {
      events,
      warmup: 100_000,
      keys: { kind: 'uniform', keys: 1000 },
      payload: 'small',
    };
    const naiveLoad = { ...load, events: events / 10, warmup: 20_000 };
    const tried = await tryPiscina(session, { ...naiveLoad, events: events / 25 });
    const best = (tried[0] as Tried).plan;
    const contestants: Record<string, Contestant> = {
      engine: engine(load),
      piscina: piscina({ ...best, ...naiveLoad }),
    };
    if (session.mode !== 'guard') {
      contestants.validated = aside(engine(load, { validate: 'publish' }));
      contestants['two lanes'] = aside(engine(load, { threads: 2 }));
      contestants['1 key'] = aside(engine({ ...load, keys: { kind: 'uniform', keys: 1 } }));
      contestants['100,000 keys'] = aside(engine({ ...load, keys: { kind: 'uniform', keys: 100_000 } }));
    }
    const runs = await session.rounds(contestants);
    return {
      config: {
        durability: 'memory',
        keys: '1,000 unless named',
        payloadBytes: PAYLOAD_BYTES.small,
        events,
        warmup: load.warmup,
        lanes: '1 unless named',
        validate: 'off unless named',
        repeats: session.repeats,
        twin: `one Piscina run() an event, 1,000 in flight, the best of the settings that were tried once each: ${settings(best)}`,
      },
      results: [
        ...Object.keys(contestants).map((name) => resultOf(runs, name)),
        ...tried.map(({ plan, sample }) => summarise(`tried once: ${settings(plan)}`, [sample])),
      ],
      ratios: {
        vsNaivePiscina: round(runs.ratio('engine', 'piscina')),
        ...(session.mode !== 'guard' && {
          'validated to unchecked': round(runs.ratio('validated', 'engine')),
          'two lanes to one': round(runs.ratio('two lanes', 'engine')),
          '1 key to 1,000': round(runs.ratio('1 key', 'engine')),
          '100,000 keys to 1,000': round(runs.ratio('100,000 keys', 'engine')),
        }),
      },
      targets: { vsNaivePiscina: { atLeast: 10 } },
    };
  },
};

interface Tried {
  readonly plan: PiscinaRun;
  readonly sample: Sample;
}

/** Tries the twin's settings once each: it is to be compared at its best. */
async function tryPiscina(session: Session, load: LoadPlan): Promise<readonly Tried[]> {
  const tried: Tried[] = [];
  for (const threads of [1, 2]) {
    for (const concurrentTasksPerWorker of session.choose({
      guard: [64],
      short: CANDIDATES,
      full: CANDIDATES,
    })) {
      const plan: PiscinaRun = { ...load, threads, concurrentTasksPerWorker };
      tried.push({ plan, sample: await session.run(settings(plan), piscina(plan)) });
    }
  }
  return tried.toSorted((a, b) => rate(b.sample) - rate(a.sample));
}

function settings({ threads, concurrentTasksPerWorker }: PiscinaRun): string {
  return `piscina, ${threads} thread(s), concurrentTasksPerWorker ${concurrentTasksPerWorker}`;
}

function engine(load: LoadPlan, options: Partial<EngineRun> = {}): Contestant {
  const plan: EngineRun = { durability: 'memory', threads: 1, validate: 'off', ...load, ...options };
  return { module: 'engine', options: plan };
}

function piscina(options: PiscinaRun): Contestant {
  return { module: 'piscina-each', options };
}
