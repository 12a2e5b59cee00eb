import type { CommandsRun } from './contestants/commands.js';
import type { KeyPlan } from './support/keys.js';
import { type Bench, type Measured, resultOf, round } from './support/report.js';
import type { Session } from './support/session.js';
import type { Contestant } from './support/spawn.js';

const KEYS: KeyPlan = { kind: 'uniform', keys: 10_000 };

/** What it costs that an aggregate decides, beside publishing the same event to a handler, durable. */
export const commands: Bench = {
  name: 'commands',
  title: 'Commands of aggregates on lanes',
  async run(session: Session): Promise<Measured> {
    const events = session.choose({ guard: 50_000, short: 100_000, full: 400_000 });
    const contestants = {
      execute: calls('execute', events, 1000),
      publish: calls('publish', events, 1000),
      'execute, one at a time': calls('execute', 2000, 1),
    };
    const runs = await session.rounds(contestants);
    const results = Object.keys(contestants).map((name) => resultOf(runs, name as keyof typeof contestants));
    return {
      config: {
        durability: 'disk (WAL, synchronous FULL)',
        aggregates: 10_000,
        callsInFlight: 1000,
        events,
        lanes: '1',
        repeats: session.repeats,
      },
      results,
      ratios: {
        toPublish: round(runs.ratio('execute', 'publish')),
        'one at a time p50 ms': Number(results[2]?.['p50 ms']),
      },
      targets: { toPublish: { atLeast: 0.35 }, 'one at a time p50 ms': { atMost: 1 } },
    };
  },
};

function calls(kind: CommandsRun['calls'], events: number, inFlight: number): Contestant {
  const plan: CommandsRun = { calls: kind, events, warmup: 20_000, keys: KEYS, threads: 1, inFlight };
  return { module: 'commands', options: inFlight === 1 ? { ...plan, warmup: 500 } : plan };
}
