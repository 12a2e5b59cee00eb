import type { Run } from './run.js';

/** A run whose fences can be searched. */
export interface KnownRun extends Run {
  readonly view: DataView;
  readonly pages: number;
}

export function knownRun(run: Run): KnownRun {
  const { buffer, byteOffset, byteLength } = run.fences;
  return { ...run, view: new DataView(buffer, byteOffset, byteLength), pages: byteLength / 8 };
}

/** The key with which a page begins. */
export function keyOf({ view }: KnownRun, page: number): number {
  return view.getUint32(page * 8, true);
}

/** The first page in which a version of a key may lie; none when the run begins behind it. */
export function firstPage(run: KnownRun, key: number, from: number): number {
  // The last page that begins at or before the version, or before the key.
  let low = 0;
  let high = run.pages;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const fence = keyOf(run, middle);
    const isBefore = fence < key || (fence === key && run.view.getUint32(middle * 8 + 4, true) <= from);
    if (isBefore) low = middle + 1;
    else high = middle;
  }
  if (low > 0) return low - 1;
  return run.pages > 0 && keyOf(run, 0) === key ? 0 : run.pages;
}
