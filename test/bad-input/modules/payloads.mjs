import { defineEvent, defineHandlers } from 'millrace/define';
import { z } from '#zod';

/** Takes any payload: what refuses it is the engine, not a schema. */
export const Anything = defineEvent('payload.anything', {
  schema: z.any(),
  aggregateId: () => 'anything',
});

/** Its handler emits `Anything` with the payload of that name. */
export const Emitting = defineEvent('payload.emitting', {
  schema: z.object({ payload: z.string() }),
  aggregateId: () => 'emitting',
});

class Money {
  amount = 5;
}
class Amounts extends Array {}
class Moment extends Date {}

/** @param {number} depth objects in each other */
export function nested(depth) {
  /** @type {Record<string, unknown>} */
  let value = {};
  for (let level = 1; level < depth; level++) value = { level: value };
  return value;
}

function cycle() {
  /** @type {Record<string, unknown>} */
  const value = {};
  value.self = value;
  return value;
}

function arrayCycle() {
  /** @type {unknown[]} */
  const value = [];
  value.push(value);
  return value;
}

/**
 * Values that cannot be stored.
 * @type {Readonly<Record<string, () => unknown>>}
 */
export const BAD_VALUES = {
  'a function': () => () => 1,
  'a symbol': () => Symbol('s'),
  'an instance of a class': () => new Money(),
  'an instance of a class that extends Array': () => Amounts.from([1, 2]),
  'an instance of a class that extends Date': () => new Moment(0),
  'an object with another prototype': () => Object.create({ inherited: 1 }),
  'a Map': () => new Map([[1, 2]]),
  'a Set': () => new Set([1]),
  'a RegExp': () => /x/,
  'an Error': () => new Error('x'),
  'a boxed number': () => Object(1),
  'a Float64Array': () => new Float64Array(2),
  'an ArrayBuffer': () => new ArrayBuffer(2),
  'a Promise': () => Promise.resolve(1),
  NaN: () => Number.NaN,
  Infinity: () => Number.POSITIVE_INFINITY,
  '-Infinity': () => Number.NEGATIVE_INFINITY,
  'a lone high surrogate': () => 'a\ud800b',
  'a lone low surrogate': () => '\udc00',
  'a key with a lone surrogate': () => ({ '\ud800': 1 }),
  'the key __proto__': () => JSON.parse('{"__proto__": {"admin": true}}'),
  'a symbol key': () => ({ [Symbol('s')]: 1 }),
  'a toJSON method': () => ({ toJSON: () => 'x' }),
  'an invalid Date': () => new Date(Number.NaN),
  'a bigint above 64 bits': () => 2n ** 64n,
  'a bigint below 64 bits': () => -(2n ** 63n) - 1n,
};

/**
 * Payloads that cannot be stored.
 * @type {Readonly<Record<string, () => unknown>>}
 */
export const BAD_PAYLOADS = {
  ...Object.fromEntries(
    Object.entries(BAD_VALUES).map(([name, make]) => [name, () => ({ list: [1, { field: make() }] })]),
  ),
  'a cycle of objects': cycle,
  'a cycle of arrays': arrayCycle,
  'nesting of 65 levels': () => nested(65),
};

/** @type {Readonly<Record<string, () => unknown>>} */
const LARGE_PAYLOADS = {
  '17 MiB': () => 'x'.repeat(17 * 1024 * 1024),
  '5 MiB': () => 'x'.repeat(5 * 1024 * 1024),
};

export default defineHandlers('payloads', (on) => {
  on(Emitting, ({ data }, ctx) => {
    const make = BAD_PAYLOADS[data.payload] ?? LARGE_PAYLOADS[data.payload];
    ctx.emit(Anything(make?.()));
  });
});
