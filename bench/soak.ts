import { statfsSync } from 'node:fs';
import type { SoakRun } from './contestants/soak.js';
import { measureMaximum } from './latency.js';
import { PAYLOAD_BYTES } from './support/events.js';
import type { EnginePlan, LoadPlan } from './support/pipeline.js';
import { type Bench, type Measured, summarise } from './support/report.js';
import type { Session } from './support/session.js';

const SHARE = 0.8;

/** Bytes of disk that an event takes: 82 in the file, and the WAL is a few megabytes. */
const EVENT_BYTES_MAX = 120;

const PLAN: EnginePlan = { durability: 'disk', threads: 1, validate: 'off' };

/** 80 % of the maximum for a long time. */
export const soak: Bench = {
  name: 'soak',
  title: 'A steady load: memory, files, nothing lost',
  async run(session: Session): Promise<Measured> {
    const load: LoadPlan = {
      events: session.choose({ guard: 200_000, short: 400_000, full: 1_000_000 }),
      warmup: 60_000,
      keys: { kind: 'uniform', keys: 1000 },
      payload: 'small',
    };
    const maximum = await measureMaximum(session, { ...PLAN, ...load });
    const rate = Math.round(maximum * SHARE);
    const seconds = session.choose({ guard: 5, short: 20, full: 600 });
    const events = Math.min(rate * seconds, eventsThatFit(session.dataDirectory));
    const plan: SoakRun = { ...PLAN, ...load, events, rate };
    const sample = await session.run('soak', { module: 'soak', options: plan });
    return {
      config: {
        durability: 'disk (WAL, synchronous FULL)',
        keys: 1000,
        payloadBytes: PAYLOAD_BYTES.small,
        events,
        warmup: `${load.warmup} events; memory settles for a third of the run`,
        lanes: 1,
        validate: 'off',
        repeats: 1,
        maximum: Math.round(maximum),
        rate,
        seconds: Math.round(events / rate),
      },
      results: [summarise('80 % of maximum', [sample])],
      // The slope of some seconds, multiplied up to an hour, is noise: only the full mode is held to the target.
      ratios: {
        'slope %/h': sample.extra?.['slope %/h'] ?? Number.NaN,
        lost: sample.extra?.lost ?? Number.NaN,
      },
      targets: { lost: { atMost: 0 }, ...(session.mode === 'full' && { 'slope %/h': { atMost: 1 } }) },
    };
  },
};

/** Half the free disk is left to others. */
function eventsThatFit(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return Math.floor((bavail * bsize) / 2 / EVENT_BYTES_MAX);
}
