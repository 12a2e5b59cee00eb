import type { Durability } from 'millrace';

interface EngineKind {
  readonly threads: number;
  readonly durability: Durability;
}

/**
 * Every executor and every durability, inline and on threads with a store and without. Not each with each: `os` and `disk`
 * differ in one flag that the writer thread gives SQLite, and what publishes, emits, reads and counts knows neither that
 * nor the number of threads.
 */
export const ENGINES: readonly EngineKind[] = [
  { threads: 0, durability: 'memory' },
  { threads: 0, durability: 'disk' },
  { threads: 1, durability: 'os' },
  { threads: 2, durability: 'memory' },
  { threads: 4, durability: 'disk' },
];

/** What the contract holds on: in `npm run test:thorough` every executor with every durability. */
export const EVERY_ENGINE: readonly EngineKind[] =
  process.env.MILLRACE_THOROUGH === '1'
    ? [0, 1, 2, 4].flatMap((threads) =>
        (['memory', 'os', 'disk'] as const).map((durability) => ({ threads, durability })),
      )
    : ENGINES;

/** Every executor once. */
export const EVERY_EXECUTOR = [0, 1, 2, 4] as const;

/**
 * What differs inline and on threads, with several keys at a time. One lane runs the code of each of two; it is tried too in
 * `npm run test:thorough`.
 */
export const EXECUTORS: readonly number[] = process.env.MILLRACE_THOROUGH === '1' ? [0, 1, 2, 4] : [0, 2];

/** For what goes wrong in one handler: inline, and on threads. */
export const INLINE_AND_THREADS = [0, 2] as const;
