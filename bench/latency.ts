import type { EngineRun } from './contestants/engine.js';
import type { LatencyRun } from './contestants/latency.js';
import type { SlowKeyRun } from './contestants/slow-key.js';
import { PAYLOAD_BYTES } from './support/events.js';
import type { EnginePlan, LoadPlan } from './support/pipeline.js';
import { type Bench, type Measured, resultOf, round } from './support/report.js';
import { rate, type Session } from './support/session.js';
import { aside, type Contestant } from './support/spawn.js';
import { median } from './support/statistics.js';

/** Shares of the measured maximum. */
export const LOADS = [0.1, 0.5, 0.8];

/** The one whose latencies have targets. */
const AIMED_AT = 0.5;

/** The handler of one key waits so long for each of its events; of 1,000 keys it is one. */
const SLOW_MS = 5000;
const SLOW_KEY = 'one slow key among 1,000';

const PLAN: EnginePlan = { durability: 'disk', threads: 1, validate: 'off' };

/** How long an event takes at a load that does not wait for it. */
export const latency: Bench = {
  name: 'latency',
  title: 'Time until accepted, durable, handled',
  async run(session: Session): Promise<Measured> {
    const seconds = session.choose({ guard: 1, short: 4, full: 20 });
    const load: LoadPlan = {
      events: session.choose({ guard: 200_000, short: 400_000, full: 1_000_000 }),
      warmup: 60_000,
      keys: { kind: 'uniform', keys: 1000 },
      payload: 'small',
    };
    const maximum = await measureMaximum(session, { ...PLAN, ...load });
    const single = { ...PLAN, ...load, events: session.choose({ guard: 200, short: 800, full: 10_000 }) };
    const contestants: Record<string, Contestant> = {
      'one at a time': { module: 'one-at-a-time', options: single },
    };
    for (const share of LOADS) {
      const paced = Math.round(maximum * share);
      const plan: LatencyRun = { ...PLAN, ...load, rate: paced, events: Math.round(paced * seconds) };
      const contestant = { module: 'latency', options: plan };
      contestants[label(share)] = share === AIMED_AT ? contestant : aside(contestant);
    }
    const slow: SlowKeyRun = { keys: 1000, rate: 2000, seconds, slowMilliseconds: SLOW_MS };
    contestants[SLOW_KEY] = aside({ module: 'slow-key', options: slow });
    const runs = await session.rounds(contestants);
    const half = label(AIMED_AT);
    return {
      config: {
        durability: 'disk (WAL, synchronous FULL)',
        keys: 1000,
        payloadBytes: PAYLOAD_BYTES.small,
        warmup: `${load.warmup} events, then half of the run at the load itself`,
        lanes: 1,
        validate: 'off',
        repeats: session.repeats,
        maximum: Math.round(maximum),
        seconds,
        slowKey: `one thread, concurrency 64, in memory, 2,000 events/s; its handler waits ${SLOW_MS} ms an event`,
        measuredFrom: 'the instant at which the event was due (open loop), whatever held it back',
      },
      results: Object.keys(contestants).map((name) => resultOf(runs, name)),
      ratios: {
        'p99 durable ms at 50 %': round(runs.extra(half, 'durable p99 ms')),
        'p50 durable ms at 50 %': round(runs.extra(half, 'durable p50 ms')),
        'p50 handled ms, one at a time': round(runs.extra('one at a time', 'handled p50 ms')),
        'p99 handled ms, one slow key': round(runs.extra(SLOW_KEY, 'others handled p99 ms')),
      },
      targets: {
        'p99 handled ms, one slow key': { atMost: 50 },
        'p99 durable ms at 50 %': { atMost: 10 },
        'p50 durable ms at 50 %': { atMost: 2 },
        'p50 handled ms, one at a time': { atMost: 1 },
      },
    };
  },
};

/** Events/s at full speed with the same settings: what the shares are shares of. */
export async function measureMaximum(session: Session, plan: EngineRun): Promise<number> {
  const rates: number[] = [];
  for (let run = 0; run < 3; run++) {
    rates.push(rate(await session.run('maximum', { module: 'engine', options: plan })));
  }
  return median(rates);
}

export function label(share: number): string {
  return `${Math.round(share * 100)} % of maximum`;
}
