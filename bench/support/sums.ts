/** Numbers that lane handlers add up and the bench compares, in memory that all threads share. */

/** Lanes write a cache line (64 bytes) apart, or they would slow each other down. */
const APART = 8;
const LANES_MAX = 256;

export function makeSums(): Float64Array {
  return new Float64Array(new SharedArrayBuffer(LANES_MAX * APART * Float64Array.BYTES_PER_ELEMENT));
}

/** Adds on a lane; `shared` is the handler context's. No atomics: each lane has its own slot. */
export function addToSum(shared: Readonly<Record<string, unknown>>, lane: number, value: number): void {
  const sums = shared.sums as Float64Array;
  sums[lane * APART] = (sums[lane * APART] as number) + value;
}

export function totalOf(sums: Float64Array): number {
  return sums.reduce((total, value) => total + value, 0);
}
