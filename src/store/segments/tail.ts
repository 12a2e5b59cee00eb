import { INDEX_EVERY } from '../../limits.js';

/** What no run has yet, in the order in which it came: a key and a number each. */
export class Tail {
  keys = new Uint32Array(INDEX_EVERY / 8);
  values = new Uint32Array(INDEX_EVERY / 8);
  count = 0;

  add(key: number, value: number): void {
    if (this.count === this.keys.length) this.#grow();
    this.keys[this.count] = key;
    this.values[this.count] = value;
    this.count++;
  }

  /** Forgets the first ones. */
  drop(count: number): void {
    this.keys.copyWithin(0, count, this.count);
    this.values.copyWithin(0, count, this.count);
    this.count -= count;
  }

  /** Forgets all but the first ones. */
  cut(count: number): void {
    this.count = Math.min(this.count, count);
  }

  #grow(): void {
    const keys = new Uint32Array(2 * this.keys.length);
    const values = new Uint32Array(2 * this.keys.length);
    keys.set(this.keys);
    values.set(this.values);
    this.keys = keys;
    this.values = values;
  }
}
