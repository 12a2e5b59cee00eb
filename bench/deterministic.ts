import type { DeterministicRun } from './contestants/deterministic.js';
import { type Bench, type Measured, resultOf, round } from './support/report.js';
import type { Session } from './support/session.js';
import type { Contestant } from './support/spawn.js';

const KEYS = [2, 1000] as const;

/** What the same result for any thread count costs. */
export const deterministic: Bench = {
  name: 'deterministic',
  title: 'Deterministic mode',
  async run(session: Session): Promise<Measured> {
    const events = session.choose({ guard: 75_000, short: 150_000, full: 1_000_000 });
    const contestants: Record<string, Contestant> = {};
    for (const keys of KEYS) {
      const plan = { events, warmup: 60_000, keys };
      const plain: DeterministicRun = { ...plan, deterministic: false };
      const same: DeterministicRun = { ...plan, deterministic: true };
      contestants[`plain, ${keys} keys`] = { module: 'deterministic', options: plain };
      contestants[`deterministic, ${keys} keys`] = { module: 'deterministic', options: same };
    }
    const runs = await session.rounds(contestants);
    const ratio = (keys: number) => round(runs.ratio(`deterministic, ${keys} keys`, `plain, ${keys} keys`));
    return {
      config: {
        durability: 'memory',
        dispatch: 'accepted',
        lanes: 1,
        events,
        payloadBytes: 113,
        validate: 'off',
        repeats: session.repeats,
      },
      results: Object.keys(contestants).map((name) => resultOf(runs, name)),
      ratios: { 'toPlain, 2 keys': ratio(2), 'toPlain, 1,000 keys': ratio(1000) },
      targets: { 'toPlain, 2 keys': { atLeast: 0.7 }, 'toPlain, 1,000 keys': { atLeast: 0.7 } },
    };
  },
};
