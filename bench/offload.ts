import type { WorkEngineRun } from './contestants/work-engine.js';
import type { WorkPiscinaRun } from './contestants/work-piscina.js';
import { type Bench, type Measured, resultOf, round } from './support/report.js';
import type { Session } from './support/session.js';
import { aside, type Contestant } from './support/spawn.js';
import { calibrate, type Spread, WORK_KEYS, type WorkPlan } from './support/work.js';

const MICROS = 200;

const SPREADS: readonly Spread[] = ['even', 'skewed', 'hot'];

/** Handlers of about 200 µs of arithmetic: how much faster two threads are, and what order costs. */
export const offload: Bench = {
  name: 'offload',
  title: 'CPU-heavy handlers on threads',
  async run(session: Session): Promise<Measured> {
    const rounds = calibrate(MICROS);
    const plan = (spread: Spread): WorkPlan => ({
      spread,
      events: session.choose({ guard: 3000, short: 4000, full: 50_000 }),
      warmup: 500,
      rounds,
    });
    const contestants: Record<string, Contestant> = {};
    for (const spread of session.choose({ guard: SPREADS.slice(0, 2), short: SPREADS, full: SPREADS })) {
      const load = plan(spread);
      // No target is about a hot key.
      const placed = spread === 'hot' ? aside : (contestant: Contestant) => contestant;
      contestants[`inline ${spread}`] = placed({ module: 'work-inline', options: load });
      contestants[`2 threads ${spread}`] = placed(onEngine({ ...load, threads: 2, durability: 'memory' }));
      contestants[`unordered ${spread}`] = placed(onPiscina({ ...load, threads: 2 }));
    }
    if (session.mode !== 'guard') {
      contestants['1 thread even'] = aside(onEngine({ ...plan('even'), threads: 1, durability: 'memory' }));
      contestants['2 threads even, disk'] = aside(
        onEngine({ ...plan('even'), threads: 2, durability: 'disk' }),
      );
    }
    const runs = await session.rounds(contestants);
    const ratios: Record<string, number> = {};
    for (const spread of SPREADS) {
      if (!contestants[`2 threads ${spread}`]) continue;
      const suffix = spread === 'even' ? '' : `, ${spread}`;
      ratios[`speedup${suffix}`] = runs.ratio(`2 threads ${spread}`, `inline ${spread}`);
      ratios[`vsUnordered${suffix}`] = runs.ratio(`2 threads ${spread}`, `unordered ${spread}`);
      if (session.mode !== 'guard') {
        ratios[`ceiling${suffix}`] = runs.ratio(`unordered ${spread}`, `inline ${spread}`);
      }
    }
    if (session.mode !== 'guard') {
      ratios['speedup, 1 thread'] = runs.ratio('1 thread even', 'inline even');
      ratios['speedup, disk'] = runs.ratio('2 threads even, disk', 'inline even');
    }
    return {
      config: {
        durability: 'memory unless named',
        keys: WORK_KEYS,
        payloadBytes: 30,
        events: plan('even').events,
        warmup: '40,000 events of 1 round, then 500 real ones',
        handlerMicros: MICROS,
        rounds,
        validate: 'off',
        repeats: session.repeats,
        spreads: 'skewed: a key costs 1 to 20 units; hot: half of all events have one key',
        twins: 'inline: a loop on the main thread; unordered: Piscina tasks of 50 events on 2 threads',
      },
      results: Object.keys(contestants).map((name) => resultOf(runs, name)),
      ratios: Object.fromEntries(Object.entries(ratios).map(([name, value]) => [name, round(value)])),
      targets: {
        speedup: { atLeast: 1.88 },
        'speedup, skewed': { atLeast: 1.8 },
        vsUnordered: { atLeast: 0.95 },
        'vsUnordered, skewed': { atLeast: 0.95 },
      },
    };
  },
};

function onEngine(options: WorkEngineRun): Contestant {
  return { module: 'work-engine', options };
}

function onPiscina(options: WorkPiscinaRun): Contestant {
  return { module: 'work-piscina', options };
}
