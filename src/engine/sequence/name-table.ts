import { IDLE_CHUNK_BYTES } from '../limits.js';

/** What is known of a name that has no entry. */
export interface IdleName {
  readonly id: number;
  /** As an aggregate: its last version, and the position of that, 0 when it was in the store before the engine opened. */
  readonly version: number;
  readonly position: number;
  /** As an aggregate in deterministic mode: the number of its one partition key; 0: not known. */
  readonly keyId: number;
}

/** Words of a record before its name: hash, number, version, partition key, the position's two halves, bytes of the name. */
const HEAD = 7;

/** Words of the smallest chunk: any record fits. */
const LEAST_WORDS = 2048;

/** Records of names by their hash: a table with open addressing over memory that holds no objects. */
export class NameTable {
  /** Where a name's record begins, and 1; 0: the place is empty. */
  readonly #places: Uint32Array;
  readonly #chunkWords: number;
  readonly #chunks: Uint32Array[] = [];
  /** Where the next record begins, in words over all chunks. */
  #end = 0;
  count = 0;
  /** The last position of any of the names. */
  last = 0;

  /** @param most names that there will be. */
  constructor(most: number) {
    const places = 2 ** Math.ceil(Math.log2(2 * most));
    this.#places = new Uint32Array(places);
    this.#chunkWords = Math.min(IDLE_CHUNK_BYTES / 4, Math.max(LEAST_WORDS, 8 * places));
  }

  /** Bytes of all records. */
  get bytes(): number {
    return 4 * this.#end;
  }

  /** @param name in UTF-8 with zeroes up to the next whole word, and its length in bytes. */
  find(name: Uint32Array, length: number, hash: number): IdleName | undefined {
    const at = this.#find(name, length, hash);
    if (at < 0) return undefined;
    const chunk = this.#chunkOf(at);
    const start = at % this.#chunkWords;
    return {
      id: chunk[start + 1] as number,
      version: chunk[start + 2] as number,
      keyId: chunk[start + 3] as number,
      position: (chunk[start + 4] as number) * 2 ** 32 + (chunk[start + 5] as number),
    };
  }

  /** Changes the record of a name. @returns false when there is none. */
  update(name: Uint32Array, length: number, hash: number, idle: IdleName, last: number): boolean {
    const at = this.#find(name, length, hash);
    if (at >= 0) this.#write(at, idle, last);
    return at >= 0;
  }

  /** Adds a name that has no record. */
  add(name: Uint32Array, length: number, hash: number, idle: IdleName, last: number): void {
    const words = HEAD + ((length + 3) >>> 2);
    const left = this.#chunkWords - (this.#end % this.#chunkWords);
    // A record never lies in two chunks.
    if (left < words) this.#end += left;
    const at = this.#end;
    this.#end += words;
    if (at / this.#chunkWords >= this.#chunks.length) this.#chunks.push(new Uint32Array(this.#chunkWords));
    const chunk = this.#chunkOf(at);
    const start = at % this.#chunkWords;
    chunk[start] = hash;
    chunk[start + 6] = length;
    for (let word = HEAD; word < words; word++) chunk[start + word] = name[word - HEAD] as number;
    this.#write(at, idle, last);
    let place = this.#placeOf(hash);
    while (this.#places[place] !== 0) place = this.#after(place);
    this.#places[place] = at + 1;
    this.count++;
  }

  #write(at: number, { id, version, position, keyId }: IdleName, last: number): void {
    const chunk = this.#chunkOf(at);
    const start = at % this.#chunkWords;
    chunk[start + 1] = id;
    chunk[start + 2] = version;
    chunk[start + 3] = keyId;
    chunk[start + 4] = position / 2 ** 32;
    // Of a number beyond 32 bits this takes the lower half.
    chunk[start + 5] = position;
    if (last > this.last) this.last = last;
  }

  /** Where the record of a name begins; -1 when there is none. */
  #find(name: Uint32Array, length: number, hash: number): number {
    let place = this.#placeOf(hash);
    for (let next = this.#places[place] as number; next !== 0; next = this.#places[place] as number) {
      if (this.#is(next - 1, name, length, hash)) return next - 1;
      place = this.#after(place);
    }
    return -1;
  }

  #is(at: number, name: Uint32Array, length: number, hash: number): boolean {
    const chunk = this.#chunkOf(at);
    const start = at % this.#chunkWords;
    if (chunk[start] !== hash || chunk[start + 6] !== length) return false;
    const words = HEAD + ((length + 3) >>> 2);
    for (let word = HEAD; word < words; word++) if (chunk[start + word] !== name[word - HEAD]) return false;
    return true;
  }

  #chunkOf(at: number): Uint32Array {
    return this.#chunks[Math.floor(at / this.#chunkWords)] as Uint32Array;
  }

  #placeOf(hash: number): number {
    return hash & (this.#places.length - 1);
  }

  #after(place: number): number {
    return (place + 1) & (this.#places.length - 1);
  }
}
