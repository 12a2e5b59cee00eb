import { expect, test } from 'vitest';
import { differences } from '../../../dist/src/testing/differences.js';

const whole = (expected: unknown, actual: unknown) => differences(expected, actual, 'whole');
const part = (expected: unknown, actual: unknown) => differences(expected, actual, 'partial');

test.each<[unknown, unknown]>([
  [1, 1],
  [Number.NaN, Number.NaN],
  [0, -0],
  [10n, 10n],
  [null, null],
  [{ a: 1, b: undefined }, { a: 1 }],
  [{ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }],
  [new Date(5), new Date(5)],
  [Buffer.from('ab'), new Uint8Array([97, 98])],
])('%o equals %o', (expected, actual) => {
  expect(whole(expected, actual)).toEqual([]);
  expect(part(expected, actual)).toEqual([]);
});

test.each<[unknown, unknown, string[]]>([
  [1, '1', ["data: expected 1, got '1'"]],
  [1, 1n, ['data: expected 1, got 1n']],
  [null, {}, ['data: expected null, got {}']],
  [{ a: { b: 1 } }, { a: { b: 2 } }, ['data.a.b: expected 1, got 2']],
  [{ a: 1 }, {}, ['data.a: expected 1, got undefined']],
  [{ a: [1, 2] }, { a: [1, 3] }, ['data.a[1]: expected 2, got 3']],
  [[1], [1, 2], ['data: expected [ 1 ], got [ 1, 2 ]']],
  [[], {}, ['data: expected [], got {}']],
  [new Date(5), 5, ['data: expected 1970-01-01T00:00:00.005Z, got 5']],
  [new Date(5), {}, ['data: expected 1970-01-01T00:00:00.005Z, got {}']],
  [Buffer.from('ab'), Buffer.from('ac'), ['data: expected <Buffer 61 62>, got <Buffer 61 63>']],
])('%o differs from %o', (expected, actual, found) => {
  expect(whole(expected, actual)).toEqual(found);
  expect(part(expected, actual)).toEqual(found);
});

test('only the whole has no other fields, at any depth', () => {
  const expected = { a: 1, inner: { b: 2 } };
  const actual = { a: 1, inner: { b: 2, c: 3 }, d: 4 };
  expect(part(expected, actual)).toEqual([]);
  expect(whole(expected, actual)).toEqual([
    'data.inner.c: expected undefined, got 3',
    'data.d: expected undefined, got 4',
  ]);
});

test('many differences are counted', () => {
  const numbers = Array.from({ length: 50 }, (_, number) => number);
  const found = whole(
    numbers,
    numbers.map((number) => -1 - number),
  );
  expect(found).toHaveLength(9);
  expect(found.at(-1)).toBe('… and 42 more');
});
