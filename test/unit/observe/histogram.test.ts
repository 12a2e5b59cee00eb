import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LATENCY_BUCKETS_SECONDS } from '../../../dist/src/limits.js';
import { Histogram } from '../../../dist/src/observe/histogram.js';
import { checkProperty } from '../../support/property.js';

interface Time {
  readonly milliseconds: number;
  readonly weight: number;
}

const times = fc.array(
  fc.record<Time>({
    milliseconds: fc.oneof(
      fc.double({ min: 0, max: 1_000_000, noNaN: true }),
      fc.double({ min: 0, max: 10, noNaN: true }),
      fc.constantFrom(0, 0.001, 0.002, 1, 1.024, 65.536),
    ),
    weight: fc.integer({ min: 1, max: 2048 }),
  }),
  { minLength: 1, maxLength: 60 },
);

/** How much too high a bucket's upper bound may be, and the rounding of its logarithm. */
const WIDTH = 2 ** (1 / 4) * (1 + 1e-9);
const FIRST_BUCKET_MS = 0.001;

function filled(list: readonly Time[]): Histogram {
  const histogram = new Histogram();
  for (const { milliseconds, weight } of list) histogram.record(milliseconds, weight);
  return histogram;
}

/** The exact percentile: the least time that so large a share of the times does not exceed. */
function exactPercentile(list: readonly Time[], share: number): number {
  const count = list.reduce((sum, { weight }) => sum + weight, 0);
  let seen = 0;
  for (const { milliseconds, weight } of [...list].sort((a, b) => a.milliseconds - b.milliseconds)) {
    seen += weight;
    if (seen >= count * share) return milliseconds;
  }
  throw new Error('A share is at most 1.');
}

test('a percentile is the exact one, or up to the end of its bucket above it', () =>
  checkProperty(
    fc.property(times, fc.constantFrom(0.001, 0.5, 0.95, 0.99, 0.999, 1), (list, share) => {
      const exact = exactPercentile(list, share);
      const found = filled(list).percentile(share);
      expect(found * (1 + 1e-9)).toBeGreaterThanOrEqual(exact);
      expect(found).toBeLessThanOrEqual(Math.max(exact * WIDTH, FIRST_BUCKET_MS));
      expect(found).toBeLessThanOrEqual(Math.max(...list.map(({ milliseconds }) => milliseconds)));
    }),
    { runs: 500 },
  ));

test('count, sum and maximum are exact', () =>
  checkProperty(
    fc.property(times, (list) => {
      const { count, mean, max } = filled(list).summary();
      const weights = list.reduce((sum, { weight }) => sum + weight, 0);
      const sum = list.reduce((total, { milliseconds, weight }) => total + milliseconds * weight, 0);
      expect([count, mean, max]).toEqual([
        weights,
        sum / weights,
        Math.max(...list.map(({ milliseconds }) => milliseconds)),
      ]);
    }),
    { runs: 200 },
  ));

const countOf = (list: readonly Time[], most: number) =>
  list.filter((time) => time.milliseconds <= most).reduce((sum, { weight }) => sum + weight, 0);

test("what is counted up to a bound is never too much, and lacks at most the bound's own bucket", () =>
  checkProperty(
    fc.property(times, fc.double({ min: 0.001, max: 100_000, noNaN: true }), (list, bound) => {
      const found = filled(list).countUpTo(bound);
      expect(found).toBeLessThanOrEqual(countOf(list, bound));
      expect(found).toBeGreaterThanOrEqual(countOf(list, bound / WIDTH));
    }),
    { runs: 500 },
  ));

test("what is counted up to a bound of Prometheus' buckets is exact", async () => {
  const bounds = LATENCY_BUCKETS_SECONDS.map((seconds) => seconds * 1000);
  const near = bounds.flatMap((bound) => [bound * (1 - 1e-9), bound, bound * (1 + 1e-9)]);
  const time = fc.record<Time>({
    milliseconds: fc.oneof(fc.constantFrom(...near), fc.double({ min: 0, max: 20_000, noNaN: true })),
    weight: fc.integer({ min: 1, max: 2048 }),
  });
  await checkProperty(
    fc.property(fc.array(time), (list) => {
      const histogram = filled(list);
      expect(bounds.map((bound) => histogram.countUpTo(bound))).toEqual(
        bounds.map((bound) => countOf(list, bound)),
      );
    }),
    { runs: 500 },
  );
});

test('an empty histogram is all zeros', () => {
  expect(new Histogram().summary()).toEqual({ count: 0, mean: 0, p50: 0, p95: 0, p99: 0, p999: 0, max: 0 });
  expect(new Histogram().countUpTo(1e9)).toBe(0);
});
