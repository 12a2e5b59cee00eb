import type { EngineRun } from './contestants/engine.js';
import { PAYLOAD_BYTES } from './support/events.js';
import type { KeyPlan } from './support/keys.js';
import { type Bench, type Measured, resultOf, round } from './support/report.js';
import type { Session } from './support/session.js';
import type { Contestant } from './support/spawn.js';

const THOUSAND: KeyPlan = { kind: 'uniform', keys: 1000 };
const MILLION: KeyPlan = { kind: 'uniform', keys: 1_000_000 };

/** What it costs that a handler keeps ten numbers for each key, durable with the progress of each event. */
export const state: Bench = {
  name: 'state',
  title: 'State per key',
  async run(session: Session): Promise<Measured> {
    const events = session.choose({ guard: 200_000, short: 400_000, full: 1_000_000 });
    const contestants = {
      state: engine('state', THOUSAND, events),
      stateless: engine('count', THOUSAND, events),
      'state, 1 M keys': engine('state', MILLION, 3 * events),
      'stateless, 1 M keys': engine('count', MILLION, 3 * events),
    };
    const runs = await session.rounds(contestants);
    return {
      config: {
        durability: 'disk (WAL, synchronous FULL)',
        state: 'ten numbers',
        payloadBytes: PAYLOAD_BYTES.small,
        events,
        lanes: '1',
        repeats: session.repeats,
      },
      results: Object.keys(contestants).map((name) => resultOf(runs, name as keyof typeof contestants)),
      ratios: {
        toStateless: round(runs.ratio('state', 'stateless')),
        '1 M keys to stateless': round(runs.ratio('state, 1 M keys', 'stateless, 1 M keys')),
      },
      targets: { toStateless: { atLeast: 0.7 }, '1 M keys to stateless': { atLeast: 0.4 } },
    };
  },
};

function engine(handlers: 'count' | 'state', keys: KeyPlan, events: number): Contestant {
  const plan: EngineRun = {
    ...{ durability: 'disk', threads: 1, validate: 'off', handlers },
    ...{ keys, events, warmup: 60_000, payload: 'small' },
  };
  return { module: 'engine', options: plan };
}
