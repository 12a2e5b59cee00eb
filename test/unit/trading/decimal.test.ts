import fc from 'fast-check';
import { openEngine } from 'millrace';
import { InvalidOptionError } from 'millrace/errors';
import {
  decimal,
  decimalAmount,
  decimalFromNumber,
  decimalFromUnits,
  decimalPositive,
  decimalToUnits,
  MAX_DECIMAL_LENGTH,
  OrderPlaced,
  tradingExamples,
} from 'millrace/trading';
import { describe, expect, test } from 'vitest';

const ok = (kind: typeof decimal, value: unknown) => kind.safeParse(value).success;

describe('decimal text', () => {
  test.each([
    // text, decimal, from 0 up, above 0
    ['0', true, true, false],
    ['0.00', true, true, false],
    ['1', true, true, true],
    ['0.1', true, true, true],
    ['0.00000001', true, true, true],
    ['1.50', true, true, true],
    ['95000000', true, true, true],
    ['-12.5', true, false, false],
    ['-0.1', true, false, false],
    ['9'.repeat(MAX_DECIMAL_LENGTH), true, true, true],
  ])('%s', (text, any, fromZero, above) => {
    expect([ok(decimal, text), ok(decimalAmount, text), ok(decimalPositive, text)]).toEqual([
      any,
      fromZero,
      above,
    ]);
    expect(decimal.parse(text)).toBe(text);
  });

  test.each([
    '',
    ' 1',
    '1 ',
    '1\n',
    '+1',
    '--1',
    '-',
    '.',
    '1.',
    '.5',
    '-.5',
    '01',
    '00',
    '-0',
    '-0.0',
    '-01',
    '1e3',
    '1E-8',
    '1,5',
    '1_000',
    '0x10',
    'NaN',
    'Infinity',
    '١',
    '1.2.3',
    '9'.repeat(MAX_DECIMAL_LENGTH + 1),
    `0.${'0'.repeat(MAX_DECIMAL_LENGTH)}`,
  ])('%j is refused', (text) => {
    expect([decimal, decimalAmount, decimalPositive].map((kind) => ok(kind, text))).toEqual([
      false,
      false,
      false,
    ]);
  });

  test.each([
    1,
    0.1,
    0,
    -1,
    1n,
    null,
    undefined,
    true,
    {},
    ['1'],
    Object('1'),
  ])('the value %s is refused', (value) => {
    expect(ok(decimal, value)).toBe(false);
  });

  test('publish says why a number is refused', async () => {
    await using engine = await openEngine({ events: [OrderPlaced], threads: 0, durability: 'memory' });
    const data = { ...tradingExamples['trading.order_placed'], price: 0.1 };
    await expect(engine.publish({ type: OrderPlaced.type, data })).rejects.toThrow(
      /^Event 'trading\.order_placed', field 'price': expected decimal text such as '0\.1', not a number: a double cannot hold most decimal fractions\. Pass on the exchange's text, or use decimalFromNumber\.$/,
    );
  });
});

describe('decimalFromNumber', () => {
  test.each([
    [0, '0'],
    [-0, '0'],
    [0.1, '0.1'],
    [-12.5, '-12.5'],
    [95_000_000, '95000000'],
    [1e-8, '0.00000001'],
    [-1.5e-7, '-0.00000015'],
    [1e21, '1000000000000000000000'],
    [1.5e22, '15000000000000000000000'],
  ])('%d is %s', (number, text) => {
    expect(decimalFromNumber(number)).toBe(text);
  });

  test('reads back as the same double, and is decimal text', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 }), (number) => {
        // Whatever is tiny has more zeros than a decimal text may be long; the next test is about those.
        fc.pre(number === 0 || Math.abs(number) > 1e-15);
        const text = decimalFromNumber(number);
        expect(ok(decimal, text)).toBe(true);
        expect(Number(text)).toBe(number === 0 ? 0 : number);
      }),
    );
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 1e-300, 1e300, '1', 1n])('%s is refused', (number) => {
    expect(() => decimalFromNumber(number as number)).toThrow(InvalidOptionError);
  });
});

describe('units', () => {
  test.each([
    ['1.5', 8, 150_000_000n],
    ['-0.1', 1, -1n],
    ['12', 0, 12n],
    ['12.00', 0, 12n],
    ['1.500', 1, 15n],
    ['-0.05', 2, -5n],
    ['0', 4, 0n],
  ])('%s in %i places is %s', (text, places, units) => {
    expect(decimalToUnits(text, places)).toBe(units);
  });

  test('a digit that would be lost is refused', () => {
    expect(() => decimalToUnits('1.501', 2)).toThrow(/more than 2 places/);
  });

  test.each(['', '1e3', '01', '-0', 1.5])('%s has no units', (text) => {
    expect(() => decimalToUnits(text as string, 2)).toThrow(InvalidOptionError);
  });

  test.each([-1, 0.5, Number.NaN, MAX_DECIMAL_LENGTH + 1])('%d places are refused', (places) => {
    expect(() => decimalToUnits('1', places)).toThrow(InvalidOptionError);
    expect(() => decimalFromUnits(1n, places)).toThrow(InvalidOptionError);
  });

  test('text that would be too long is refused', () => {
    expect(() => decimalFromUnits(10n ** 40n, 0)).toThrow(/41 characters/);
    expect(() => decimalFromUnits(1n, 40)).toThrow(/42 characters/);
  });

  test('there and back again is the same', () => {
    const units = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
    fc.assert(
      fc.property(units, fc.integer({ min: 0, max: 8 }), (unit, places) => {
        const text = decimalFromUnits(unit, places);
        expect(ok(decimal, text)).toBe(true);
        expect(decimalToUnits(text, places)).toBe(unit);
      }),
    );
  });

  test('sums are exact', () => {
    const fees = Array.from({ length: 1000 }, () => '0.1');
    const sum = fees.reduce((total, fee) => total + decimalToUnits(fee, 8), 0n);
    expect(decimalFromUnits(sum, 2 + 6)).toBe('100.00000000');
  });
});
