import { StoreCorruptError } from '../../kernel/errors.js';
import { viewOf } from '../checksum.js';
import type { Sqlite } from '../sqlite.js';
import { KEPT_BLOCKS } from './limits.js';
import { type BlockRow, blockFinder, NameBlock, nameHash, nextBlockFinder } from './name-blocks.js';
import { RunKind } from './run.js';
import type { RunReader } from './run-reader.js';

/** Finds names by their number, and numbers by their name. Inside the caller's transaction. */
export class NameReader {
  readonly #path: string;
  readonly #rowOf: (id: number) => BlockRow | undefined;
  readonly #after: (block: number) => BlockRow | undefined;
  readonly #runs: RunReader;
  /** By their number. */
  readonly #kept = new Map<number, NameBlock>();
  #last: NameBlock | undefined;

  constructor(database: Sqlite, runs: RunReader) {
    this.#path = database.name;
    this.#rowOf = blockFinder(database);
    this.#after = nextBlockFinder(database);
    this.#runs = runs;
  }

  /** @throws StoreCorruptError when there is no such name. */
  name(id: number): string {
    return this.#holding(id).name(id);
  }

  /** The number of a name: by the runs of hashes, and by looking through the names that are in none yet. */
  find(name: string): number | undefined {
    const bytes = Buffer.from(name);
    const hash = nameHash(viewOf(bytes), 0, bytes.length);
    for (const { values } of this.#runs.find(RunKind.Names, hash, 0)) {
      for (const id of values) if (this.#holding(id).isName(id, bytes)) return id;
    }
    for (const block of this.blocks(this.#runs.last(RunKind.Names))) {
      if (!block.body.includes(bytes)) continue;
      for (let id = block.first; id < block.first + block.count; id++) {
        if (block.isName(id, bytes)) return id;
      }
    }
    return undefined;
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
