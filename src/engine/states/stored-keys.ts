const BITS = 32;

/**
 * The keys whose states may lie in the store: all that the log had when it was opened with states, and of later ones those
 * that were forgotten here after a commit. A bit for each later name: a key that is new must not be looked up.
 */
export class StoredKeys {
  readonly #first: number;
  #bits = new Uint32Array(0);

  /** @param last number of the last name that may have states already. */
  constructor(last: number) {
    this.#first = last + 1;
  }

  has(key: number): boolean {
    const at = key - this.#first;
    return at < 0 || (((this.#bits[at >>> 5] ?? 0) >>> (at % BITS)) & 1) === 1;
  }

  add(key: number): void {
    const at = key - this.#first;
    if (at < 0) return;
    const word = at >>> 5;
    if (word >= this.#bits.length) {
      const longer = new Uint32Array(Math.max(1024, 2 * this.#bits.length, word + 1));
      longer.set(this.#bits);
      this.#bits = longer;
    }
    this.#bits[word] = (this.#bits[word] as number) | (1 << (at % BITS));
  }
}
