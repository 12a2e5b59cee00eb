import { sortedIndexes } from '../sort.js';
import { VALUES_A_STEP } from './limits.js';
import { RunKind } from './run.js';
import type { RunTable } from './run-table.js';
import { RunWriter } from './run-writer.js';
import type { Tail } from './tail.js';

/** Makes a run of what has come since the last one, piece by piece. */
export class Pass {
  readonly #tail: Tail;
  readonly #order: Uint32Array;
  readonly #writer: RunWriter;
  readonly #low: number;
  /** The last block of names, or position, that it takes in. */
  readonly high: number;
  readonly #isNames: boolean;
  #next = 0;
  #key = -1;

  /** @param low the first block of names, or position, that it takes in. */
  constructor(table: RunTable, kind: RunKind, tail: Tail, low: number, high: number) {
    this.#tail = tail;
    this.#order = sortedIndexes(tail.keys, tail.count);
    this.#writer = new RunWriter(table, kind, low);
    this.#low = low;
    this.high = high;
    this.#isNames = kind === RunKind.Names;
  }

  get isDone(): boolean {
    return this.#next === this.#order.length;
  }

  /** Does about so many steps, as a merge counts them, inside the caller's transaction. @returns how many are left. */
  write(steps: number): number {
    const order = this.#order;
    const { keys, values } = this.#tail;
    let left = steps;
    if (this.isDone) return left;
    while (left > 0 && this.#next < order.length) {
      const index = order[this.#next++] as number;
      const key = keys[index] as number;
      left -= (key === this.#key ? 0 : 1) + 1 / VALUES_A_STEP;
      this.#key = key;
      const value = values[index] as number;
      if (this.#isNames) this.#writer.add(key, 0, value);
      else this.#writer.add(key, value, this.#low + index);
    }
    if (this.isDone) this.#writer.finish(0, this.high);
    return left;
  }

  /** What it has taken in lies in the file. */
  committed(): void {
    this.#tail.drop(this.#order.length);
  }
}
