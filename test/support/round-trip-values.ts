/** Values that come back from the log as they went in. */
export const VALUES: Readonly<Record<string, unknown>> = {
  null: null,
  undefined: undefined,
  true: true,
  false: false,
  zero: 0,
  'the largest safe integer': 2 ** 53 - 1,
  'the smallest safe integer': -(2 ** 53 - 1),
  ...Object.fromEntries(
    [-1, -32, -33, -128, -129, -32768, -32769, -(2 ** 31), -(2 ** 31) - 1, 127, 128, 255, 256, 65_535, 65_536]
      .concat([2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 + 2])
      .map((value) => [String(value), value]),
  ),
  'a fraction': 0.1,
  'the smallest number': 5e-324,
  'the largest number': Number.MAX_VALUE,
  'a small bigint': 1n,
  'a negative bigint': -5n,
  'the largest bigint': 2n ** 64n - 1n,
  'the largest signed bigint': 2n ** 63n - 1n,
  'the smallest bigint': -(2n ** 63n),
  'an empty string': '',
  emoji: '🌾👩‍👩‍👧🏭',
  CJK: '水車は回る',
  'control characters': '\0\u0001\n\u2028\ufeff',
  'a string of 31 characters': 'x'.repeat(31),
  'a string of 300 characters': 'ä'.repeat(300),
  'a string of 70,000 characters': '漢x'.repeat(35_000),
  'a Date': new Date('2024-02-29T23:59:59.999Z'),
  'the first Date': new Date(-8.64e15),
  'the last Date': new Date(8.64e15),
  'a Date before 1970': new Date(-1),
  'a Date at 1970': new Date(0),
  'no bytes': new Uint8Array(0),
  bytes: Uint8Array.of(0, 64, 127, 128, 255),
  '70,000 bytes': new Uint8Array(70_000).fill(7),
  'an empty array': [],
  'an empty object': {},
  'nested arrays': [[], [[1], [2, [3]]], [[[]]]],
  'undefined in an array': [undefined, 1, undefined],
  'undefined fields': { a: undefined, b: 1, c: undefined },
  'keys that look like numbers': { 0: 'a', 1: 'b', '-1': 'c', '01': 'd', '1.5': 'e' },
  'keys of Object.prototype': { constructor: 1, toString: 'x', hasOwnProperty: null, valueOf: [] },
  'odd keys': { '': 1, ' ': 2, 'a.b': 3, "'": 4, '"': 5, '\n': 6, 鍵: 7, '🔑': 8 },
  'a toJSON field that is data': { toJSON: 'x' },
  'a record like object in an array': [{ a: 1 }, { a: 2 }, { b: 3 }],
};

/** The same with all bytes as Uint8Array: they come back as Buffers, which are Uint8Arrays. */
export function withPlainBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(withPlainBytes);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withPlainBytes(item)]));
}
