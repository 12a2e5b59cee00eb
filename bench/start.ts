import type { BareRun } from './contestants/start-bare.js';
import type { StartRun } from './contestants/start-engine.js';
import { type Bench, type Measured, type Result, round, summarise } from './support/report.js';
import type { Runs, Session } from './support/session.js';
import type { Contestant } from './support/spawn.js';

/** Threads beside which one more costs what it costs anywhere: so many are compared. */
const COMPARED = 4;

/** What it takes until an engine is there, beside plain worker threads that import what every lane needs. */
export const start: Bench = {
  name: 'start',
  title: 'From nothing to the first event handled',
  async run(session: Session): Promise<Measured> {
    const threads = session.mode === 'guard' ? [0, COMPARED] : [0, 1, 2, COMPARED];
    const contestants: Record<string, Contestant> = {};
    for (const count of threads) contestants[engine(count)] = engineRun({ threads: count });
    for (const count of threads) contestants[bare(count)] = bareRun({ threads: count });
    const runs = await session.rounds(contestants);
    const lane = perThread(runs, engine, 'open CPU ms');
    const thread = perThread(runs, bare, 'open CPU ms');
    return {
      config: {
        durability: 'memory',
        repeats: session.repeats,
        twin: 'plain worker threads that import zod and msgpackr, started side by side',
        'per thread': `(${COMPARED} threads - none) / ${COMPARED}: a process of its own for each run`,
      },
      results: [
        ...Object.keys(contestants).map((name) => withoutRates(summarise(name, runs.of(name)))),
        { name: 'one lane', ...figures(lane, perThread(runs, engine, 'open MB')) },
        { name: 'one plain thread', ...figures(thread, perThread(runs, bare, 'open MB')) },
      ],
      ratios: { laneToBareThread: round(lane / thread) },
      targets: { laneToBareThread: { atMost: 1.4 } },
    };
  },
};

const engine = (threads: number) => `engine, ${threads} ${threads === 1 ? 'lane' : 'lanes'}`;
const bare = (threads: number) => `${threads} plain ${threads === 1 ? 'thread' : 'threads'}`;
const engineRun = (options: StartRun): Contestant => ({ module: 'start-engine', options, plain: true });
const bareRun = (options: BareRun): Contestant => ({ module: 'start-bare', options, plain: true });

/** What one more thread adds to a figure. */
function perThread(runs: Runs<string>, name: (threads: number) => string, figure: string): number {
  return (runs.extra(name(COMPARED), figure) - runs.extra(name(0), figure)) / COMPARED;
}

function figures(cpu: number, memory: number): Omit<Result, 'name'> {
  return { 'open CPU ms': round(cpu), 'open MB': round(memory) };
}

/** Openings per second say nothing. */
function withoutRates({ name, runs = 0, ...rest }: Result): Result {
  const { eventsPerSecond, lowest, highest, cpuMicrosPerEvent, ...shown } = rest;
  return { name, runs, ...shown };
}
