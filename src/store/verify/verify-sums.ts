import type { SparseNumbers } from '../../kernel/sparse-numbers.js';

// What the index says and what the log says are compared by sums: a few bytes per aggregate, and one reading of each.

/** For each aggregate its last version, and a hash over the positions of its events. */
export interface AggregateSums {
  readonly versions: SparseNumbers;
  readonly hashes: SparseNumbers;
}

/** Names of the log, those of them that the index must have, and a sum over these. */
export interface NameSums {
  readonly names: number;
  readonly hashed: number;
  readonly hashes: number;
}

/** Continues a hash over an aggregate's positions, in the order of its versions. */
export function positionHash(hash: number, position: number): number {
  const low = Math.imul(hash ^ (position >>> 0), 0x9e3779b1);
  return (Math.imul(low ^ (low >>> 15), 0x85ebca6b) + Math.floor(position / 0x1_0000_0000)) >>> 0;
}

/** What a name adds to a sum over all of them, in whatever order. */
export function hashSum(hash: number, id: number): number {
  return Math.imul(hash ^ Math.imul(id, 0x9e3779b1), 0x85ebca6b) >>> 8;
}
