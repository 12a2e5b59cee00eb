import { PROGRESS_CHUNK } from '../limits.js';
import type { ProgressChange } from './progress.js';

/** How many positions a stored progress calls finished. */
export function countFinished({ mark, chunks }: ProgressChange): number {
  let count = mark;
  for (const { index, bits } of chunks) {
    const first = index * PROGRESS_CHUNK + 1;
    for (let bit = Math.max(0, mark + 1 - first); bit < PROGRESS_CHUNK; bit++) {
      count += ((bits[bit >>> 3] as number) >>> (bit & 7)) & 1;
    }
  }
  return count;
}

/** The same progress without the positions above `last`; undefined when there are none. */
export function withoutAbove({ mark, chunks }: ProgressChange, last: number): ProgressChange | undefined {
  let above = mark > last;
  const kept = chunks.flatMap(({ index, bits }) => {
    const copy = Uint8Array.from(bits);
    for (let bit = Math.max(0, last - index * PROGRESS_CHUNK); bit < PROGRESS_CHUNK; bit++) {
      if (((copy[bit >>> 3] as number) >>> (bit & 7)) & 1) {
        above = true;
        copy[bit >>> 3] = (copy[bit >>> 3] as number) & ~(1 << (bit & 7));
      }
    }
    return copy.some((byte) => byte !== 0) ? [{ index, bits: copy }] : [];
  });
  return above ? { mark: Math.min(mark, last), chunks: kept } : undefined;
}
