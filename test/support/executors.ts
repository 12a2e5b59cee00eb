import type { Durability } from 'millrace';

/** Every executor with every durability: what the contract holds on. */
export const EVERY_ENGINE = ([0, 1, 2, 4] as const).flatMap((threads) =>
  (['memory', 'os', 'disk'] as const satisfies Durability[]).map((durability) => ({ threads, durability })),
);

/** Every executor once. */
export const EVERY_EXECUTOR = [0, 1, 2, 4] as const;

/** Every executor and every durability, not each with each: for tests that open an engine of their own each. */
export const ENGINES: readonly { readonly threads: number; readonly durability: Durability }[] = [
  { threads: 0, durability: 'memory' },
  { threads: 0, durability: 'disk' },
  { threads: 1, durability: 'os' },
  { threads: 2, durability: 'memory' },
  { threads: 2, durability: 'disk' },
  { threads: 4, durability: 'os' },
];

/** For what goes wrong in one handler: inline, and on threads. */
export const INLINE_AND_THREADS = [0, 2] as const;
