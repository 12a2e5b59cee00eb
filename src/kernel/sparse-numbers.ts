import { SPARSE_BLOCK_BYTES } from './limits.js';

/** What a number takes: four bytes for counts up to 2³² - 1, eight for positions. */
type Column = Uint32ArrayConstructor | Float64ArrayConstructor;

/**
 * Numbers by id, 0 where none was set. As many bytes per id as the column has and no more: a Map needs five to ten times
 * that for the names of a large log. Blocks, not one array, because a damaged id may be any number.
 */
export class SparseNumbers {
  readonly #blocks = new Map<number, Uint32Array | Float64Array>();
  readonly #column: Column;
  /** Numbers in a block. */
  readonly #length: number;

  constructor(column: Column) {
    this.#column = column;
    this.#length = SPARSE_BLOCK_BYTES / column.BYTES_PER_ELEMENT;
  }

  get(id: number): number {
    return this.#blocks.get(Math.floor(id / this.#length))?.[id % this.#length] ?? 0;
  }

  set(id: number, value: number): void {
    const index = Math.floor(id / this.#length);
    let block = this.#blocks.get(index);
    if (!block) {
      block = new this.#column(this.#length);
      this.#blocks.set(index, block);
    }
    block[id % this.#length] = value;
  }

  /** Every id with a number other than 0. */
  *entries(): Generator<[id: number, value: number]> {
    for (const [index, block] of this.#blocks) {
      for (let at = 0; at < this.#length; at++) {
        const value = block[at] as number;
        if (value !== 0) yield [index * this.#length + at, value];
      }
    }
  }
}
