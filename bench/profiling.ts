import type { AccountingRun } from './contestants/accounting.js';
import type { EngineRun } from './contestants/engine.js';
import type { LoadPlan } from './support/pipeline.js';
import { type Bench, type Measured, resultOf, round } from './support/report.js';
import type { Session } from './support/session.js';
import { aside, type Contestant } from './support/spawn.js';

/** Events of a lane batch at full speed; `eventsPerLaneTask` of the plain run shows it. */
const BATCH = 500;

/** What profiling costs: sampling while it runs, and the accounting that is always on. */
export const profiling: Bench = {
  name: 'profiling',
  title: 'What profiling costs',
  async run(session: Session): Promise<Measured> {
    const load: LoadPlan = {
      events: session.choose({ guard: 400_000, short: 1_000_000, full: 5_000_000 }),
      warmup: 200_000,
      keys: { kind: 'uniform', keys: 1000 },
      payload: 'small',
    };
    const runs = await session.rounds({
      plain: onEngine(load),
      'CPU sampled': aside(onEngine(load, { cpu: true, heap: false })),
      'CPU and allocations sampled': onEngine(load, { cpu: true, heap: true }),
      accounting: accounting({ events: load.events, batch: BATCH }),
    });
    const ratios = {
      // How much of the plain run's time the accounting would take if nothing ran beside it.
      alwaysOn: runs.ratio('plain', 'accounting'),
      sampling: 1 - runs.ratio('CPU sampled', 'plain'),
      'sampling, allocations too': 1 - runs.ratio('CPU and allocations sampled', 'plain'),
    };
    return {
      config: {
        durability: 'os',
        keys: '1,000, uniform',
        payloadBytes: 113,
        events: load.events,
        warmup: load.warmup,
        validate: 'off',
        repeats: session.repeats,
        intervalMicros: 1_000,
        ratios:
          'shares of throughput lost; alwaysOn: time of the bare accounting per event ÷ time per event of the plain run',
      },
      results: ['plain', 'CPU sampled', 'CPU and allocations sampled', 'accounting'].map((name) =>
        resultOf(runs, name),
      ),
      ratios: Object.fromEntries(Object.entries(ratios).map(([name, value]) => [name, round(value)])),
      targets: { alwaysOn: { atMost: 0.02 }, 'sampling, allocations too': { atMost: 0.1 } },
    };
  },
};

function onEngine(load: LoadPlan, profile?: EngineRun['profile']): Contestant {
  const options: EngineRun = {
    ...load,
    durability: 'os',
    threads: 1,
    validate: 'off',
    ...(profile && { profile }),
  };
  return { module: 'engine', options };
}

function accounting(options: AccountingRun): Contestant {
  return { module: 'accounting', options };
}
