import { StoreCorruptError } from '../../kernel/errors.js';
import type { Sqlite } from '../sqlite.js';
import { KEPT_BLOCKS } from './limits.js';
import { type BlockRow, blockFinder, NameBlock, nextBlockFinder } from './name-blocks.js';

/** Finds names by their number. Inside the caller's transaction. */
export class NameReader {
  readonly #path: string;
  readonly #rowOf: (id: number) => BlockRow | undefined;
  readonly #after: (block: number) => BlockRow | undefined;
  /** By their number. */
  readonly #kept = new Map<number, NameBlock>();
  #last: NameBlock | undefined;

  constructor(database: Sqlite) {
    this.#path = database.name;
    this.#rowOf = blockFinder(database);
    this.#after = nextBlockFinder(database);
  }

  /** @throws StoreCorruptError when there is no such name. */
  name(id: number): string {
    return this.#holding(id).name(id);
  }

  /** Whether a number is that of a name. @throws StoreCorruptError when there is no such number. */
  isName(id: number, name: Buffer): boolean {
    return this.#holding(id).isName(id, name);
  }

  /** The blocks above a number, in the order in which they were stored. */
  *blocks(after: number): Generator<NameBlock> {
    let last = after;
    while (true) {
      const row = this.#after(last);
      if (!row) return;
      yield new NameBlock(row);
      last = row[0];
    }
  }

  #holding(id: number): NameBlock {
    if (this.#last?.has(id)) return this.#last;
    const block = this.#blockOf(id);
    if (!block?.has(id)) {
      throw new StoreCorruptError(`Store ${this.#path} is damaged: name ${id} is missing.`);
    }
    this.#last = block;
    return block;
  }

  #blockOf(id: number): NameBlock | undefined {
    for (const block of this.#kept.values()) if (block.has(id)) return block;
    const row = this.#rowOf(id);
    if (!row) return undefined;
    const block = new NameBlock(row);
    if (this.#kept.size >= KEPT_BLOCKS) this.#kept.delete(this.#kept.keys().next().value as number);
    this.#kept.set(block.number, block);
    return block;
  }
}
