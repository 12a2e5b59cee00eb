import type { AsyncEngineRun, AsyncRun } from './contestants/async-engine.js';
import { type Bench, type Measured, resultOf, round } from './support/report.js';
import type { Session } from './support/session.js';
import { aside, type Contestant } from './support/spawn.js';

const CONCURRENCY = 64;
const WAITS = [1, 20, 200] as const;
const THREADS = [1, 2] as const;

/** Handlers that wait: how near order and a thread's way come to a limiter that has neither. */
export const async: Bench = {
  name: 'async',
  title: 'Handlers that wait, 64 at a time',
  async run(session: Session): Promise<Measured> {
    const seconds = session.choose({ guard: 1, short: 1, full: 10 });
    const contestants: Record<string, Contestant> = {};
    for (const milliseconds of WAITS) {
      // Whole rounds of 64: the last one would else be an idle lane's.
      const rounds = Math.max(4, Math.round((seconds * 1000) / (milliseconds + 1)));
      for (const threads of THREADS) {
        const plan: AsyncRun = {
          events: CONCURRENCY * threads * rounds,
          milliseconds,
          concurrency: CONCURRENCY,
        };
        const limited: AsyncRun = { ...plan, concurrency: CONCURRENCY * threads };
        contestants[limiterOf(milliseconds, threads)] = placed(threads, {
          module: 'async-limiter',
          options: limited,
        });
        const options: AsyncEngineRun = { ...plan, threads };
        contestants[engineOf(milliseconds, threads)] = placed(threads, { module: 'async-engine', options });
      }
    }
    const runs = await session.rounds(contestants);
    const ratios: Record<string, number> = {};
    for (const milliseconds of WAITS) {
      for (const threads of THREADS) {
        ratios[ratioOf(milliseconds, threads)] = round(
          runs.ratio(engineOf(milliseconds, threads), limiterOf(milliseconds, threads)),
        );
      }
    }
    return {
      config: {
        durability: 'memory',
        keys: 'one an event',
        concurrency: `${CONCURRENCY} on each thread; the limiter has as many in all, on its one thread`,
        validate: 'off',
        warmup: '2,000 events of 1 ms',
        repeats: session.repeats,
      },
      results: Object.keys(contestants).map((name) => resultOf(runs, name)),
      ratios,
      targets: Object.fromEntries(WAITS.map((milliseconds) => [ratioOf(milliseconds, 1), { atLeast: 0.9 }])),
    };
  },
};

/** Targets are about one thread. */
function placed(threads: number, contestant: Contestant): Contestant {
  return threads === 1 ? contestant : aside(contestant);
}

function engineOf(milliseconds: number, threads: number): string {
  return `${milliseconds} ms, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}

function limiterOf(milliseconds: number, threads: number): string {
  return `${milliseconds} ms, limiter of ${CONCURRENCY * threads}`;
}

function ratioOf(milliseconds: number, threads: number): string {
  return `vsLimiter, ${engineOf(milliseconds, threads)}`;
}
