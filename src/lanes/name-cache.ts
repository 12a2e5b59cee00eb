import type { Slab } from '../events/slab.js';
import { MAX_LANE_NAMES } from '../limits.js';

/** Decoded aggregate ids and partition keys of one thread, by their number in the log. */
export class NameCache {
  readonly #names = new Map<number, string>();

  get(slab: Slab, id: number, offset = 0, length = 0): string {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    // Starting over costs one decoding per live name, and needs no bookkeeping on the way.
    if (this.#names.size >= MAX_LANE_NAMES) this.#names.clear();
    const name = slab.bytes.toString('utf8', offset, offset + length);
    this.#names.set(id, name);
    return name;
  }
}
