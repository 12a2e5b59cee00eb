import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalText } from '../../../dist/src/events/canonical.js';
import { checkProperty } from '../../support/property.js';

/** The same text, in the plainest way. */
function plainText(value: unknown, omit: readonly string[] = []): string {
  if (Array.isArray(value)) return `[${value.map((item) => plainText(item)).join(',')}]`;
  if (typeof value === 'bigint') return `bigint(${value})`;
  if (value instanceof Date) return `date(${value.getTime()})`;
  if (value instanceof Uint8Array) return `bytes(${Buffer.from(value).toString('hex')})`;
  if (Object.is(value, -0)) return '-0';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = value as Record<string, unknown>;
  const keys = Object.keys(fields).filter((key) => fields[key] !== undefined && !omit.includes(key));
  return `{${keys
    .sort()
    .map((key) => `${JSON.stringify(key)}:${plainText(fields[key])}`)
    .join(',')}}`;
}

const key = fc.oneof(fc.constantFrom('a', 'b', 'c', 'B', '10', '9', '\u{1f600}', '\uffff', ''), fc.string());
const leaf = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 1e21, 1e-7, 5e-324, null, undefined, true, false),
  fc.bigInt(),
  fc.string({ unit: 'binary' }),
  fc.date(),
  fc.uint8Array(),
);
const { data } = fc.letrec<{ data: unknown }>((tie) => ({
  data: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('data'), { maxLength: 4 }),
    fc.dictionary(key, tie('data'), { maxKeys: 6 }),
  ),
}));

test('canonical text is that of the plainest way, whatever was written before', async () => {
  await checkProperty(
    fc.property(data, fc.array(key, { maxLength: 3 }), (value, omit) => {
      expect(canonicalText(value, omit)).toBe(plainText(value, omit));
    }),
    { runs: 3000 },
  );
});

test('objects whose keys are values of their own are written as any other, however many they are', () => {
  for (let round = 0; round < 3; round++) {
    for (let index = 0; index < 6000; index++) {
      const value = { [`z${index}`]: 1, [`a${index}`]: 2 };
      expect(canonicalText(value)).toBe(`{"a${index}":2,"z${index}":1}`);
    }
  }
});

test('an object of many keys is written in their order, and none of them is kept', () => {
  const fields = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${4999 - index}`, index]));
  expect(canonicalText({ fields })).toBe(plainText({ fields }));
});

test('the order of keys changes nothing', () => {
  expect(canonicalText({ b: 1, a: { d: 1, c: 2 } })).toBe(canonicalText({ a: { c: 2, d: 1 }, b: 1 }));
});
