import { VERIFY_BLOCK } from '../limits.js';

/**
 * Numbers by id, 0 where none was set. Four bytes an id and no more: a Map needs ten times that for the names of
 * a large log. Blocks, not one array, because a damaged id may be any number.
 */
export class SparseNumbers {
  readonly #blocks = new Map<number, Uint32Array>();

  get(id: number): number {
    return this.#blocks.get(Math.floor(id / VERIFY_BLOCK))?.[id % VERIFY_BLOCK] ?? 0;
  }

  set(id: number, value: number): void {
    const index = Math.floor(id / VERIFY_BLOCK);
    let block = this.#blocks.get(index);
    if (!block) {
      block = new Uint32Array(VERIFY_BLOCK);
      this.#blocks.set(index, block);
    }
    block[id % VERIFY_BLOCK] = value;
  }

  /** Every id with a number other than 0. */
  *entries(): Generator<[id: number, value: number]> {
    for (const [index, block] of this.#blocks) {
      for (let at = 0; at < VERIFY_BLOCK; at++) {
        const value = block[at] as number;
        if (value !== 0) yield [index * VERIFY_BLOCK + at, value];
      }
    }
  }
}
