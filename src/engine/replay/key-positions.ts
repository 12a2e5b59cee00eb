import { BACKLOG_BLOCK } from '../limits.js';

/**
 * A position for each key of a log, by the number of its name; 0 where none was set. Eight bytes a name: a Map of a
 * large log's keys would need five times that.
 */
export class KeyPositions {
  readonly #blocks = new Map<number, Float64Array>();

  get(key: number): number {
    return this.#blocks.get(Math.floor(key / BACKLOG_BLOCK))?.[key % BACKLOG_BLOCK] ?? 0;
  }

  set(key: number, position: number): void {
    const index = Math.floor(key / BACKLOG_BLOCK);
    let block = this.#blocks.get(index);
    if (!block) {
      block = new Float64Array(BACKLOG_BLOCK);
      this.#blocks.set(index, block);
    }
    block[key % BACKLOG_BLOCK] = position;
  }
}
