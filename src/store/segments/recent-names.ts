import { INDEX_LAG } from './limits.js';

/** Twice as many names as can be in no run: an event brings two at most. Those that are in one by now stay meanwhile. */
const MOST = 4 * INDEX_LAG;

/** Numbers of names by their hash, of those that are in no run yet: a table with open addressing. */
export class RecentNames {
  #hashes = new Uint32Array(1024);
  /** 0: the place is empty. */
  #ids = new Uint32Array(1024);
  #count = 0;

  /** Whether names should be forgotten that are in a run by now. */
  get isFull(): boolean {
    return this.#count >= MOST;
  }

  clear(): void {
    this.#hashes = new Uint32Array(1024);
    this.#ids = new Uint32Array(1024);
    this.#count = 0;
  }

  add(hash: number, id: number): void {
    if (2 * this.#count >= this.#ids.length) this.#grow();
    let place = this.#placeOf(hash);
    while (this.#ids[place] !== 0) place = this.#after(place);
    this.#hashes[place] = hash;
    this.#ids[place] = id;
    this.#count++;
  }

  /** The numbers of names that have a hash. */
  find(hash: number): number[] {
    const found: number[] = [];
    for (let place = this.#placeOf(hash); this.#ids[place] !== 0; place = this.#after(place)) {
      if (this.#hashes[place] === hash) found.push(this.#ids[place] as number);
    }
    return found;
  }

  #placeOf(hash: number): number {
    return (Math.imul(hash, 0x9e37_79b1) >>> 0) & (this.#ids.length - 1);
  }

  #after(place: number): number {
    return (place + 1) & (this.#ids.length - 1);
  }

  #grow(): void {
    const [hashes, ids] = [this.#hashes, this.#ids];
    this.#hashes = new Uint32Array(2 * ids.length);
    this.#ids = new Uint32Array(2 * ids.length);
    this.#count = 0;
    ids.forEach((id, place) => {
      if (id !== 0) this.add(hashes[place] as number, id);
    });
  }
}
