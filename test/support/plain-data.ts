import fc from 'fast-check';

/** Keys that mean something to JavaScript, to SQL, or to nobody. */
export const HOSTILE_KEYS = [
  '',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  '__proto_',
  'length',
  'then',
  'toJSON',
  '0',
  '-1',
  "'; DROP TABLE events; --",
  '"',
  '\0',
  '\u2028',
  '🔑',
] as const;

const key = fc.oneof(
  fc.constantFrom(...HOSTILE_KEYS),
  fc.string({ unit: 'binary', maxLength: 20 }).filter((text) => text !== '__proto__'),
);

const leaf = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.constantFrom(true, false, null, undefined, 'x'.repeat(5000)),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array(),
);

/** Anything that a payload may hold, so that it comes back exactly as it went in. */
export const { plainData } = fc.letrec<{ plainData: unknown }>((tie) => ({
  plainData: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('plainData'), { maxLength: 5 }),
    fc.dictionary(key, tie('plainData'), { maxKeys: 6, noNullPrototype: true }),
  ),
}));
