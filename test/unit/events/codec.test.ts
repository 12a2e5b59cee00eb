import { deepStrictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonLine } from '../../../dist/src/cli/output.js';
import { canonicalText } from '../../../dist/src/events/canonical.js';
import { Codec } from '../../../dist/src/events/codec.js';
import type { Shape } from '../../../dist/src/events/shape-index.js';
import { bounded } from '../../support/bounded.js';
import { HOSTILE_KEYS, plainData } from '../../support/plain-data.js';
import { checkProperty } from '../../support/property.js';
import { withPlainBytes } from '../../support/round-trip-values.js';
import { expectUnpolluted } from '../../support/unpolluted.js';

const SHAPES: readonly Shape[] = [
  ['a', 'b'],
  [...HOSTILE_KEYS],
  ['__proto__', 'c'],
  ['a]:1}),alert(1),({["b'],
];
const GOOD = { a: 1, b: 'two' };

const many = <Item>(item: fc.Arbitrary<Item>) => fc.array(item, { minLength: 1, maxLength: 20, size: 'max' });

type Outcome = { readonly value: unknown } | { readonly error: unknown };

/**
 * Decodes bytes and uses what comes out as readers do. Whatever happens: it ends, it pollutes nothing, and the
 * codec goes on to decode what is good.
 */
function decode(...all: readonly Uint8Array[]): Outcome[] {
  const codec = new Codec(SHAPES);
  const { target, start, end } = codec.encode('', GOOD, true);
  const good = Buffer.from(target.subarray(start, end));
  // Many at a time, because watching the clock takes longer than decoding.
  const outcomes = bounded(() =>
    all.map((bytes) => {
      const outcome = use(codec, Buffer.from(bytes));
      deepStrictEqual(codec.unpack(good), GOOD);
      return outcome;
    }),
  );
  expectUnpolluted();
  return outcomes;
}

function use(codec: Codec, bytes: Buffer): Outcome {
  try {
    const value = codec.unpack(bytes);
    jsonLine(value);
    canonicalText(value);
    return { value };
  } catch (error) {
    return { error };
  }
}

describe('the codec', () => {
  test('gives what was packed, as a record or not', async () => {
    const keys = fc.uniqueArray(fc.constantFrom(...HOSTILE_KEYS, 'a', 'b'), { minLength: 1 });
    const property = fc.property(keys, plainData, fc.boolean(), (shape, value, asRecord) => {
      const codec = new Codec([['x'], shape]);
      const data = Object.fromEntries(shape.map((key) => [key, value]));
      const { target, start, end } = codec.encode('', data, asRecord);
      deepStrictEqual(withPlainBytes(codec.unpack(Buffer.from(target.subarray(start, end)))), data);
    });
    await checkProperty(property, { runs: 300 });
  });

  test('takes any bytes: a value or an error', async () => {
    const property = fc.property(many(fc.uint8Array({ maxLength: 200 })), (bytes) => void decode(...bytes));
    await checkProperty(property, { runs: 200 });
  });

  test('takes damaged bytes', async () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 });
    const damaged = fc.tuple(plainData, changes, fc.nat()).map(([value, edits, cut]) => {
      const bytes = Buffer.from(new Codec(SHAPES).pack(value));
      for (const [at, byte] of edits) bytes[at % bytes.length] = byte;
      return bytes.subarray(0, bytes.length - (cut % bytes.length));
    });
    await checkProperty(
      fc.property(many(damaged), (bytes) => void decode(...bytes)),
      { runs: 100 },
    );
  });

  const repeated = (count: number, ...bytes: number[]) =>
    Buffer.concat(Array.from({ length: count }, () => Buffer.from(bytes)));
  /** Each level is two references to the level below: 40 levels are a trillion values. */
  const doubled = Buffer.concat([
    Buffer.from([0xdc, 0, 41, 0xd6, 0x69, 0, 0, 0, 0, 0x91, 1]),
    ...Array.from({ length: 40 }, (_, level) =>
      Buffer.from([
        0xd6,
        0x69,
        0,
        0,
        0,
        level + 1,
        0x92,
        0xd6,
        0x70,
        0,
        0,
        0,
        level,
        0xd6,
        0x70,
        0,
        0,
        0,
        level,
      ]),
    ),
  ]);

  test.each<[string, Uint8Array]>([
    ['arrays in each other, a million deep', repeated(1e6, 0x91)],
    ['maps in each other, a million deep', repeated(1e6, 0x81, 0xa1, 0x61)],
    ['records in each other, a million deep', repeated(1e6, 0x40)],
    ['an array that says it has 4 billion items', repeated(1, 0xdd, 0xff, 0xff, 0xff, 0xff)],
    ['arrays in each other that say so', repeated(1000, 0xdd, 0x01, 0xff, 0xff, 0xff)],
    ['a map that says it has 4 billion fields', repeated(1, 0xdf, 0xff, 0xff, 0xff, 0xff)],
    ['text that says it has 4 billion bytes', repeated(1, 0xdb, 0xff, 0xff, 0xff, 0xff)],
    ['bytes that say there are 4 billion', repeated(1, 0xc6, 0xff, 0xff, 0xff, 0xff)],
    ['an extension that says it has 4 billion bytes', repeated(1, 0xc9, 0xff, 0xff, 0xff, 0xff, 0x42)],
    ['references to values that hold references', doubled],
    ['a value that refers to itself', Buffer.from([0xd6, 0x69, 0, 0, 0, 1, 0x91, 0xd6, 0x70, 0, 0, 0, 1])],
  ])('refuses %s', (_name, bytes) => {
    expect(decode(bytes)[0]).toHaveProperty('error');
  });

  test.each<[string, Uint8Array]>([
    [
      'the key __proto__',
      Buffer.from('81a95f5f70726f746f5f5f81a76973 41646d696ec3'.replaceAll(' ', ''), 'hex'),
    ],
    ['the key __proto__ of a shape', Buffer.from([0x42, 0x81, 0xa1, 0x61, 1, 2])],
    ['a shape of its own instead of ours', Buffer.from([0xd4, 0x72, 0x40, 0x91, 0xa1, 0x7a, 1])],
  ])('is not led astray by %s', (_name, bytes) => {
    const [outcome] = decode(bytes);
    if (outcome && 'value' in outcome) expect(Object.getPrototypeOf(outcome.value)).toBe(Object.prototype);
    expect(Object.hasOwn(Object.prototype, 'a')).toBe(false);
  });
});
