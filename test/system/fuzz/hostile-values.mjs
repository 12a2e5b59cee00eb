import { defineEvent, defineHandlers } from 'millrace/define';
import { z } from 'zod';

/**
 * How to make a hostile value. Such a value cannot be sent to a lane thread as it is, but this can.
 *
 * @typedef {{ readonly kind: 'odd', readonly name: string }
 *   | { readonly kind: 'text', readonly text: string, readonly times: number }
 *   | { readonly kind: 'number', readonly number: string }
 *   | { readonly kind: 'date', readonly time: number | null }
 *   | { readonly kind: 'bytes', readonly bytes: readonly number[] }
 *   | { readonly kind: 'array', readonly items: readonly Recipe[] }
 *   | { readonly kind: 'sparse', readonly length: number, readonly at: number, readonly item: Recipe }
 *   | { readonly kind: 'object', readonly bare: boolean, readonly fields: readonly (readonly [string, Recipe])[] }
 *   | { readonly kind: 'deep', readonly depth: number, readonly item: Recipe }} Recipe
 */

class Account {
  balance = 1;
  get secret() {
    return 1;
  }
}

/**
 * Values that are no data, or only look like it.
 *
 * @type {Readonly<Record<string, () => unknown>>}
 */
export const ODD = {
  undefined: () => undefined,
  null: () => null,
  true: () => true,
  function: () => () => 1,
  symbol: () => Symbol('s'),
  instance: () => new Account(),
  map: () => new Map([['a', 1]]),
  set: () => new Set([1]),
  weak: () => new WeakMap(),
  error: () => new Error('x'),
  regexp: () => /(a+)+$/,
  promise: () => Promise.resolve(1),
  boxed: () => Object(1n),
  'boxed text': () => Object('x'),
  arguments: () => Function('return arguments')(1, 2),
  'a getter': () => ({
    get field() {
      return 5;
    },
  }),
  'a getter that throws': () => ({
    get field() {
      throw new Error('no field');
    },
  }),
  'a proxy': () => new Proxy({ field: 1 }, {}),
  'a proxy that throws': () =>
    new Proxy(
      {},
      {
        ownKeys() {
          throw new TypeError('no keys');
        },
      },
    ),
  'a revoked proxy': () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  'a field behind a prototype': () => Object.create(Object.assign(Object.create(null), { inherited: 1 })),
  'a hidden field': () => Object.defineProperty({}, 'hidden', { value: 1 }),
  'an array with a field': () => Object.assign([1], { extra: 2 }),
  'a date with a field': () => Object.assign(new Date(0), { extra: 2 }),
  'bytes with a field': () => Object.assign(new Uint8Array(1), { extra: 2 }),
  'an array with another constructor': () => Object.assign([1], { constructor: Array }),
  'an array without a prototype': () => Object.setPrototypeOf([1], null),
  'an own __proto__': () => JSON.parse('{"__proto__": {"polluted": true}}'),
  'an own __proto__ that is text': () => JSON.parse('{"__proto__": "polluted"}'),
  'shared memory': () => new Uint8Array(new SharedArrayBuffer(4)),
  'part of a buffer': () => new Uint8Array(new ArrayBuffer(16), 4, 4),
  'a view of words': () => new Uint16Array(2),
  'a field then': () => Object.fromEntries([['then', 1]]),
  'a method then': () => Object.fromEntries([['then', () => {}]]),
  toJSON: () => ({ toJSON: { a: 1 }, constructor: 'x' }),
  'the global object': () => globalThis,
  Math: () => Math,
  'a cycle': () => {
    /** @type {unknown[]} */
    const cycle = [{}];
    cycle.push({ cycle });
    return cycle;
  },
};

/** Parts that hold a part twice: 40 levels are a trillion values. */
export function sharedParts() {
  /** @type {unknown} */
  let part = [1];
  for (let level = 0; level < 40; level++) part = [part, part];
  return part;
}

/**
 * An object whose field is something else from the n-th look on.
 *
 * @param {number} n
 * @param {() => unknown} after
 */
export function changing(n, after) {
  let looks = 0;
  return {
    get field() {
      return ++looks > n ? after() : 1;
    },
  };
}

/**
 * Makes the value of a recipe. Two calls make two values that are alike.
 *
 * @param {Recipe} recipe
 * @returns {unknown}
 */
export function make(recipe) {
  switch (recipe.kind) {
    case 'odd':
      return ODD[recipe.name]?.();
    case 'text':
      return recipe.text.repeat(recipe.times);
    case 'number':
      return recipe.number.endsWith('n') ? BigInt(recipe.number.slice(0, -1)) : Number(recipe.number);
    case 'date':
      return new Date(recipe.time ?? Number.NaN);
    case 'bytes':
      return Uint8Array.from(recipe.bytes);
    case 'array':
      return recipe.items.map(make);
    case 'sparse': {
      const array = new Array(recipe.length);
      if (recipe.at < recipe.length) array[recipe.at] = make(recipe.item);
      return array;
    }
    case 'object': {
      const object = recipe.bare ? Object.create(null) : {};
      for (const [key, field] of recipe.fields) {
        // As an own field, which an assignment to '__proto__' would not make.
        Object.defineProperty(object, key, {
          value: make(field),
          enumerable: true,
          writable: true,
          configurable: true,
        });
      }
      return object;
    }
    case 'deep': {
      let value = make(recipe.item);
      for (let level = 0; level < recipe.depth; level++) value = level % 2 === 0 ? [value] : { value };
      return value;
    }
    default:
      throw new Error(`Unknown recipe: ${JSON.stringify(recipe)}`);
  }
}

/** Takes any payload: what refuses it is the engine, not a schema. */
export const Hostile = defineEvent('fuzz.hostile', {
  schema: z.object({ value: z.any() }),
  aggregateId: () => 'hostile',
});

/** Its handler emits `Hostile` with the value of the recipe. */
export const Cooking = defineEvent('fuzz.cooking', {
  schema: z.object({ recipe: z.any(), number: z.number() }),
  aggregateId: ({ number }) => `cook-${number % 5}`,
});

export default defineHandlers('hostile', (on) => {
  on(
    Cooking,
    ({ data: { recipe } }, ctx) => {
      ctx.emit(Hostile({ value: make(recipe) }));
      if ('polluted' in {} || Object.keys(Object.prototype).length > 0) throw new Error('Polluted.');
    },
    { onFailure: 'skip' },
  );
});
