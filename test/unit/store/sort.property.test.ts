import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sortedIndexes } from '../../../dist/src/store/sort.js';
import { checkProperty } from '../../support/property.js';

const keys = fc.array(
  fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 5000 }), fc.integer({ min: 0, max: 0xffff_ffff })),
  { maxLength: 300 },
);

test('indexes come in the order of their keys, equal keys in their own order', async () => {
  await checkProperty(
    fc.property(keys, (values) => {
      const expected = values
        .map((_, index) => index)
        .sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b);
      expect([...sortedIndexes(Uint32Array.from(values), values.length)]).toEqual(expected);
    }),
    { runs: 300 },
  );
});

test('what lies behind the count is not looked at', () => {
  expect([...sortedIndexes(Uint32Array.of(3, 1, 0, 0), 2)]).toEqual([1, 0]);
});
