import { FILTER_BITS } from './limits.js';

/** Words of a block: the bits of a hash lie in one line of the processor's cache. */
const WORDS = 8;
const BLOCK_BITS = 32 * WORDS;

/** One odd factor for each word; the highest bits of the product say which bit of the word is a hash's. */
const FACTORS = [
  0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31,
] as const;

/** Knows of a hash that it is not among some, or that it may be: a Bloom filter in blocks. */
export class HashFilter {
  readonly #words: Uint32Array;
  readonly #blocks: number;

  /** @param count hashes that there will be. */
  constructor(count: number) {
    this.#blocks = blocksFor(count);
    this.#words = new Uint32Array(this.#blocks * WORDS);
  }

  /** Bytes that one of so many hashes has. */
  static bytesFor(count: number): number {
    return (blocksFor(count) * BLOCK_BITS) / 8;
  }

  add(hash: number): void {
    const mixed = mix(hash);
    let word = this.#blockOf(hash);
    for (const factor of FACTORS) {
      this.#words[word] = (this.#words[word] as number) | (1 << (Math.imul(mixed, factor) >>> 27));
      word++;
    }
  }

  mayHave(hash: number): boolean {
    const mixed = mix(hash);
    let word = this.#blockOf(hash);
    for (const factor of FACTORS) {
      if (((this.#words[word++] as number) & (1 << (Math.imul(mixed, factor) >>> 27))) === 0) return false;
    }
    return true;
  }

  #blockOf(hash: number): number {
    return Math.floor((hash * this.#blocks) / 2 ** 32) * WORDS;
  }
}

function blocksFor(count: number): number {
  return Math.max(1, Math.ceil((count * FILTER_BITS) / BLOCK_BITS));
}

/** The highest bits have chosen the block: all others must count in the word. */
function mix(hash: number): number {
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b_3c6d) ^ (hash << 7);
}
