import { PROGRESS_CHUNK } from '../limits.js';

/** Finished positions of one chunk above the low-water mark, one bit each. */
export interface ProgressChunk {
  /** Positions `index * PROGRESS_CHUNK + 1` to `(index + 1) * PROGRESS_CHUNK`. */
  readonly index: number;
  readonly bits: Uint8Array;
}

/** What a transaction writes of the progress. */
export interface ProgressChange {
  /** Every position up to here is finished. */
  readonly mark: number;
  readonly chunks: readonly ProgressChunk[];
}

/**
 * Which positions the lanes have finished: a low-water mark and, above it, one bit a position. So one slow key
 * holds back the mark, but never makes the finished events of other keys run again.
 */
export class Progress {
  #mark: number;
  #highest: number;
  #changed = false;
  readonly #chunks = new Map<number, Uint8Array>();
  readonly #dirty = new Set<number>();

  constructor(mark: number, chunks: readonly ProgressChunk[]) {
    this.#mark = mark;
    this.#highest = mark;
    for (const { index, bits } of chunks) {
      this.#chunks.set(index, Uint8Array.from(bits));
      for (let bit = PROGRESS_CHUNK - 1; bit >= 0; bit--) {
        if (((bits[bit >>> 3] as number) >>> (bit & 7)) & 1) {
          this.#highest = Math.max(this.#highest, index * PROGRESS_CHUNK + bit + 1);
          break;
        }
      }
    }
  }

  /** Every position up to here is finished. */
  get mark(): number {
    return this.#mark;
  }

  /** Whether something changed since the last `take`. */
  get changed(): boolean {
    return this.#changed;
  }

  isFinished(position: number): boolean {
    return position <= this.#mark || this.#bit(position);
  }

  /** The first position from `from` on that is not finished; it may lie above everything that is known. */
  nextUnfinished(from: number): number {
    let position = Math.max(from, this.#mark + 1);
    while (position <= this.#highest) {
      const bits = this.#chunks.get(Math.floor((position - 1) / PROGRESS_CHUNK));
      if (!bits) return position;
      const bit = (position - 1) % PROGRESS_CHUNK;
      const byte = bits[bit >>> 3] as number;
      if (byte === 0xff) position += 8 - (bit & 7);
      else if ((byte >>> (bit & 7)) & 1) position++;
      else return position;
    }
    return position;
  }

  /** Takes note that a position is finished. One that was finished before changes nothing. */
  finish(position: number): void {
    if (position <= this.#mark) return;
    if (position === this.#mark + 1) {
      this.#changed = true;
      this.#mark = position;
      if (this.#highest > position) this.#advance();
      else this.#highest = position;
      return;
    }
    const index = Math.floor((position - 1) / PROGRESS_CHUNK);
    let bits = this.#chunks.get(index);
    if (!bits) {
      bits = new Uint8Array(PROGRESS_CHUNK / 8);
      this.#chunks.set(index, bits);
    }
    const bit = (position - 1) % PROGRESS_CHUNK;
    const before = bits[bit >>> 3] as number;
    const after = before | (1 << (bit & 7));
    if (after === before) return;
    bits[bit >>> 3] = after;
    this.#changed = true;
    if (position > this.#highest) this.#highest = position;
    this.#dirty.add(index);
  }

  /** What changed since the last call, for the next transaction. */
  take(): ProgressChange {
    const first = Math.floor(this.#mark / PROGRESS_CHUNK);
    const chunks: ProgressChunk[] = [];
    for (const index of this.#dirty) {
      const bits = this.#chunks.get(index);
      if (bits && index >= first && this.#highest > this.#mark) chunks.push({ index, bits: bits.slice() });
    }
    this.#dirty.clear();
    this.#changed = false;
    return { mark: this.#mark, chunks };
  }

  /** The whole of it, as a copy. */
  all(): ProgressChange {
    const chunks = [...this.#chunks].map(([index, bits]) => ({ index, bits: bits.slice() }));
    return { mark: this.#mark, chunks: this.#highest > this.#mark ? chunks : [] };
  }

  #advance(): void {
    let next = this.#mark + 1;
    while (next <= this.#highest && this.#bit(next)) {
      if (next % PROGRESS_CHUNK === 0) this.#chunks.delete(next / PROGRESS_CHUNK - 1);
      next++;
    }
    this.#mark = next - 1;
    if (this.#mark === this.#highest) this.#chunks.clear();
  }

  #bit(position: number): boolean {
    const bits = this.#chunks.get(Math.floor((position - 1) / PROGRESS_CHUNK));
    if (!bits) return false;
    const bit = (position - 1) % PROGRESS_CHUNK;
    return (((bits[bit >>> 3] as number) >>> (bit & 7)) & 1) === 1;
  }
}
