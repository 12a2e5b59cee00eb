import { SparseNumbers } from '../../kernel/sparse-numbers.js';
import { messageOf } from '../../kernel/thrown.js';
import { viewOf } from '../checksum.js';
import { type BlockRow, blockFinder, NameBlock, nextBlockFinder } from '../segments/name-blocks.js';
import type { Sqlite } from '../sqlite.js';
import type { Problems } from './verify-problems.js';
import { hashSum, type NameSums } from './verify-sums.js';

/** The bytes of a name. */
export interface NameBytes {
  readonly bytes: DataView;
  readonly start: number;
  readonly end: number;
}

/** Looks names up for the events that bear them, and notes which were met. */
export class NameVerifier {
  readonly #blockOf: (id: number) => BlockRow | undefined;
  readonly #blockAfter: (block: number) => BlockRow | undefined;
  readonly #met = new SparseNumbers(Uint32Array);
  readonly #problems: Problems;
  #last: NameBlock | undefined;
  #missing: number | undefined;

  constructor(database: Sqlite, problems: Problems) {
    this.#problems = problems;
    this.#blockOf = blockFinder(database);
    this.#blockAfter = nextBlockFinder(database);
  }

  /** Whether no event that was looked at bears the name. */
  isNew(id: number): boolean {
    return this.#met.get(id) === 0;
  }

  has(id: number): boolean {
    if (this.#last?.has(id)) return true;
    if (id === this.#missing) return false;
    const row = this.#blockOf(id);
    const block = row && this.#whole(row);
    if (!block?.has(id)) {
      this.#missing = id;
      return false;
    }
    this.#last = block;
    return true;
  }

  /** The name that an event brings to the log. `has` was true for it. */
  take(id: number): NameBytes {
    this.has(id);
    const block = this.#last as NameBlock;
    this.#met.set(id, 1);
    return { bytes: viewOf(block.body), start: block.startOf(id), end: block.endOf(id) };
  }

  /** Reads all blocks. @returns how many names they have, and a sum over the hashes of those up to a block. */
  readAll(lastBlock: number): NameSums {
    let [after, names, hashed, hashes] = [Number.MIN_SAFE_INTEGER, 0, 0, 0];
    while (true) {
      const row = this.#blockAfter(after);
      // Nothing more; or pages that contradict each other and lead back.
      if (!row || row[0] <= after) return { names, hashed, hashes };
      after = row[0];
      const block = this.#whole(row, true);
      if (!block) continue;
      names += block.count;
      if (block.number > lastBlock) continue;
      hashed += block.count;
      for (let id = block.first; id < block.first + block.count; id++) hashes += hashSum(block.hash(id), id);
    }
  }

  #whole(row: BlockRow, isReported = false): NameBlock | undefined {
    try {
      return new NameBlock(row);
    } catch (error) {
      if (isReported) this.#problems.add('definition', messageOf(error));
      return undefined;
    }
  }
}
