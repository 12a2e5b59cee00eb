import fc from 'fast-check';
import { expect, test } from 'vitest';
import { columnBytes, readColumn, writeColumn } from '../../../../dist/src/store/segments/columns.js';
import { VarintReader, writeVarint } from '../../../../dist/src/store/segments/varint.js';
import { checkProperty } from '../../../support/property.js';

const CORRUPT = { code: 'MILLRACE_STORE_CORRUPT' };
const counts = fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 2 ** 32 - 1 }), fc.constant(2 ** 32 - 1));
const times = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.constant(-0),
  fc.integer({ min: -9, max: 9 }),
);

test('a column of numbers comes back as it went in, and no longer than it may be', async () => {
  const lists = fc.oneof(
    fc.array(counts, { minLength: 1, maxLength: 70 }).map((list) => Uint32Array.from(list)),
    fc.array(times, { minLength: 1, maxLength: 70 }).map((list) => Float64Array.from(list)),
  );
  await checkProperty(
    fc.property(lists, fc.nat({ max: 9 }), (column, at) => {
      const bytes = Buffer.alloc(at + columnBytes(column.length));
      const end = writeColumn(bytes, at, column, column.length);
      const back = new (column.constructor as Float64ArrayConstructor)(column.length);
      expect(readColumn(bytes.subarray(0, end), at, back, column.length)).toBe(end);
      expect([...back]).toEqual(Array.from(column, (number) => number + 0));
      for (const cut of [at, Math.floor((at + end) / 2), end - 1]) {
        expect(() => readColumn(bytes.subarray(0, cut), at, back, column.length)).toThrow(
          expect.objectContaining(CORRUPT),
        );
      }
    }),
    { runs: 200 },
  );
});

test('any bytes are a column, or a coded error', async () => {
  await checkProperty(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.integer({ min: 1, max: 20 }), (bytes, count) => {
      try {
        readColumn(Buffer.from(bytes), 0, new Uint32Array(count), count);
      } catch (error) {
        expect(error).toMatchObject(CORRUPT);
      }
    }),
    { runs: 500 },
  );
});

test('whole numbers up to the largest safe one come back, and bytes that end in one are refused', async () => {
  await checkProperty(
    fc.property(fc.array(fc.maxSafeNat(), { maxLength: 20 }), (numbers) => {
      const bytes = new Uint8Array(numbers.length * 8);
      let end = 0;
      for (const number of numbers) end = writeVarint(bytes, end, number);
      const reader = new VarintReader().open(bytes.subarray(0, end));
      expect(numbers.map(() => reader.next())).toEqual(numbers);
      expect(reader.isAtEnd).toBe(true);
      expect(() => reader.next()).toThrow(expect.objectContaining(CORRUPT));
    }),
    { runs: 200 },
  );
});
