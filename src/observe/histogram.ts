import { LATENCY_BUCKETS_SECONDS } from '../limits.js';

/** Buckets for each doubling: the error of a percentile is at most a quarter of its value, and usually a tenth. */
const STEPS = 4;

/** Doublings above one microsecond: up to 19 hours. */
const DOUBLINGS = 36;

/**
 * Upper bounds of the buckets in microseconds. Those of Prometheus' buckets are among them, so that what is counted
 * up to one of these is exact; anything longer than the last one is in a bucket without an end.
 */
const BOUNDS = Float64Array.from(
  new Set([
    ...Array.from({ length: STEPS * DOUBLINGS }, (_, index) => 2 ** (index / STEPS)),
    ...LATENCY_BUCKETS_SECONDS.map((seconds) => Math.round(seconds * 1e6)),
    Number.POSITIVE_INFINITY,
  ]),
).sort();

/** For each step of a doubling, the first bucket that may hold its times. */
const FIRST = Uint8Array.from({ length: STEPS * DOUBLINGS + 1 }, (_, step) =>
  BOUNDS.findIndex((bound) => bound > 2 ** ((step - 1) / STEPS)),
);

/**
 * Times in microseconds, counted in buckets whose width grows with the time. Node's own histogram records one
 * value a call; here one call stands for a whole batch, which is what makes it cheap enough to be always on.
 */
export class Histogram {
  readonly #counts = new Float64Array(BOUNDS.length);
  #count = 0;
  #sum = 0;
  #max = 0;

  /** Adds `weight` times of so many milliseconds. */
  record(milliseconds: number, weight = 1): void {
    const index = bucketOf(milliseconds * 1000);
    this.#counts[index] = (this.#counts[index] as number) + weight;
    this.#count += weight;
    this.#sum += milliseconds * weight;
    if (milliseconds > this.#max) this.#max = milliseconds;
  }

  get count(): number {
    return this.#count;
  }

  /** In milliseconds. */
  get sum(): number {
    return this.#sum;
  }

  /** Milliseconds below which a share of the times lies, 0 to 1; 0 when there are none. */
  percentile(share: number): number {
    const wanted = this.#count * share;
    let seen = 0;
    for (let index = 0; index < this.#counts.length; index++) {
      seen += this.#counts[index] as number;
      if (seen >= wanted && seen > 0) return Math.min((BOUNDS[index] as number) / 1000, this.#max);
    }
    return 0;
  }

  /**
   * How many times are at most so many milliseconds: exact for the bounds of Prometheus' buckets; for others the
   * bucket that the bound lies in is left out, so that it is never too many.
   */
  countUpTo(milliseconds: number): number {
    const micros = milliseconds * 1000;
    let count = 0;
    for (let index = 0; (BOUNDS[index] as number) <= micros; index++) count += this.#counts[index] as number;
    return count;
  }

  summary(): LatencySummary {
    return {
      count: this.#count,
      mean: this.#count === 0 ? 0 : this.#sum / this.#count,
      p50: this.percentile(0.5),
      p95: this.percentile(0.95),
      p99: this.percentile(0.99),
      p999: this.percentile(0.999),
      max: this.#max,
    };
  }
}

/** Times in milliseconds. Percentiles are upper bounds of their bucket. */
export interface LatencySummary {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

function bucketOf(micros: number): number {
  if (!(micros > 1)) return 0;
  const step = Math.min(Math.ceil(Math.log2(micros) * STEPS), STEPS * DOUBLINGS);
  // A logarithm is rounded: it may name the step beside the right one.
  let index = FIRST[Math.max(0, step - 1)] as number;
  while ((BOUNDS[index] as number) < micros) index++;
  return index;
}
