import type { Mode } from '../../dist/support/session.js';
import type { Contestant } from '../../dist/support/spawn.js';
import type { TaskRun } from './pools.js';

/** One line of the table. */
export interface Entry {
  readonly name: string;
  readonly contestant: Contestant;
  /** A run of a second, to learn whether it works here at all. Millrace needs none. */
  readonly trial?: Contestant;
  readonly packages: readonly string[];
  readonly program?: string;
}

/** Events measured in a run, in the guard, short and full mode: about a second, each at its own pace. */
type Sizes = readonly [guard: number, short: number, full: number];

/** Threads of the CPU-heavy comparison. */
export const THREADS = 2;

const TRIAL = { events: 200, warmup: 100 };

/** Everybody who is measured. `rounds`: the arithmetic of a CPU-heavy handler. */
export function entries(mode: Mode, rounds: number): readonly Entry[] {
  const size = ([guard, short, full]: Sizes): number => ({ guard, short, full })[mode];
  const peer = (
    name: string,
    module: string,
    packages: readonly string[],
    [sizes, warmup]: readonly [Sizes, number],
    options: object = {},
    program?: string,
  ): Entry => {
    const path = `../../peers/dist/${module}`;
    return {
      name,
      packages,
      ...(program && { program }),
      contestant: { module: path, options: { ...options, events: size(sizes), warmup } },
      trial: { module: path, options: { ...options, ...TRIAL } },
    };
  };
  const ours = (
    name: string,
    module: string,
    [sizes, warmup]: readonly [Sizes, number],
    options: object,
  ) => ({
    name,
    packages: [],
    contestant: { module, options: { ...options, events: size(sizes), warmup } },
  });
  const engine = (way: 'publish' | 'append', durability: 'disk' | 'memory') => ({
    way,
    durability,
    threads: 1,
    validate: 'off',
  });
  const task: Omit<TaskRun, 'events' | 'warmup'> = { threads: THREADS, rounds, spread: 'even' };
  const million: Sizes = [200_000, 500_000, 1_000_000];
  const emmett = ['@event-driven-io/emmett', '@event-driven-io/emmett-sqlite', 'sqlite3'];
  const bull = ['bullmq', 'ioredis'];
  const ownModule = '../../peers/dist/millrace';

  return [
    ours('millrace', ownModule, [million, 60_000], engine('publish', 'disk')),
    ours(
      'millrace, append by append',
      ownModule,
      [[20_000, 60_000, 500_000], 20_000],
      engine('append', 'disk'),
    ),
    peer('emmett', 'emmett', emmett, [[2000, 6000, 30_000], 1000], { handler: 'batches' }),
    peer('emmett, one batch', 'emmett', emmett, [[2000, 6000, 30_000], 1000], { handler: 'one batch' }),
    peer('emmett, inline projection', 'emmett', emmett, [[10_000, 20_000, 200_000], 2000], {
      handler: 'inline',
    }),
    peer('emmett, append alone', 'emmett', emmett, [[10_000, 20_000, 200_000], 2000], { handler: 'none' }),
    peer('act', 'act', ['@rotorsoft/act', '@rotorsoft/act-sqlite'], [[10_000, 20_000, 100_000], 2000]),
    peer(
      'bullmq, AOF always',
      'bullmq',
      bull,
      [[3000, 6000, 60_000], 1000],
      { handler: 'inline', persistence: 'always' },
      'redis-server',
    ),
    ours('millrace, memory', ownModule, [million, 60_000], engine('publish', 'memory')),
    peer(
      'bullmq, memory',
      'bullmq',
      bull,
      [[6000, 12_000, 120_000], 2000],
      { handler: 'inline', persistence: 'none' },
      'redis-server',
    ),
    ours('work: millrace', 'work-engine', [[3000, 5000, 50_000], 500], { ...task, durability: 'memory' }),
    peer('work: piscina', 'pools', ['piscina'], [[3000, 5000, 50_000], 500], { ...task, pool: 'piscina' }),
    peer('work: workerpool', 'pools', ['workerpool'], [[3000, 5000, 50_000], 500], {
      ...task,
      pool: 'workerpool',
    }),
    peer(
      'work: bullmq threads',
      'bullmq',
      bull,
      [[1000, 2000, 20_000], 500],
      { ...task, handler: 'threads', persistence: 'none' },
      'redis-server',
    ),
    ours('dispatch: millrace', '../../peers/dist/emitters', [million, 100_000], { publisher: 'millrace' }),
    peer('dispatch: emmett bus', 'emmett-bus', ['@event-driven-io/emmett'], [million, 100_000]),
    peer(
      'dispatch: nestjs',
      'nestjs',
      ['@nestjs/cqrs', '@nestjs/core'],
      [[50_000, 100_000, 500_000], 20_000],
    ),
  ];
}
