import fc from 'fast-check';
import { type Engine, MillraceError } from 'millrace';
import { HandlerError } from 'millrace/errors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collect } from '../../support/collect.js';
import { openForTests, storeFor } from '../../support/open-test-engine.js';
import { HOSTILE_KEYS } from '../../support/plain-data.js';
import { checkProperty } from '../../support/property.js';
import { expectUnpolluted } from '../../support/unpolluted.js';
import { Cooking, changing, Hostile, make, ODD, type Recipe, sharedParts } from './hostile-values.mjs';

const key = fc.oneof(
  fc.constantFrom(...HOSTILE_KEYS, '__proto__', '\ud800', 'k'.repeat(70_000)),
  fc.string({ unit: 'binary', maxLength: 8 }),
);

const numbers = [
  '-0',
  'NaN',
  'Infinity',
  '-Infinity',
  '1e308',
  '5e-324',
  '9007199254740993',
  '18446744073709551616',
].concat([
  '9223372036854775808n',
  '-9223372036854775809n',
  '18446744073709551616n',
  '-1n',
  `${'9'.repeat(300)}n`,
]);

const { recipe } = fc.letrec<{ recipe: Recipe }>((tie) => ({
  recipe: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.record({ kind: fc.constant('odd' as const), name: fc.constantFrom(...Object.keys(ODD)) }),
    fc.record({
      kind: fc.constant('text' as const),
      text: fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('\ud800', '\udc00x', "'; DROP TABLE events; --"),
      ),
      times: fc.constantFrom(1, 1, 1, 2, 5000),
    }),
    fc.record({
      kind: fc.constant('number' as const),
      number: fc.oneof(fc.constantFrom(...numbers), fc.double().map(String)),
    }),
    fc.record({
      kind: fc.constant('date' as const),
      time: fc.constantFrom(null, 0, -1, 8.64e15, 8.64e15 + 1, 0.5),
    }),
    fc.record({ kind: fc.constant('bytes' as const), bytes: fc.array(fc.nat({ max: 255 })) }),
    fc.record({ kind: fc.constant('array' as const), items: fc.array(tie('recipe'), { maxLength: 4 }) }),
    fc.record({
      kind: fc.constant('sparse' as const),
      length: fc.constantFrom(1, 3, 100, 40_000),
      at: fc.nat({ max: 50 }),
      item: tie('recipe'),
    }),
    fc.record({
      kind: fc.constant('object' as const),
      bare: fc.boolean(),
      fields: fc.array(fc.tuple(key, tie('recipe')), { maxLength: 4 }),
    }),
    fc.record({
      kind: fc.constant('deep' as const),
      depth: fc.constantFrom(1, 20, 61, 62, 63, 64, 5000),
      item: tie('recipe'),
    }),
  ),
}));

/**
 * Whether what was read is what was published: bytes come back as a Buffer. Fields that cannot be enumerated are no
 * data, as in JSON. Nothing else may differ, and nothing may be missing.
 */
function isSame(read: unknown, given: unknown): boolean {
  if (typeof given !== 'object' || given === null) return Object.is(read, given);
  if (typeof read !== 'object' || read === null) return false;
  if (given instanceof Date) return read instanceof Date && read.getTime() === given.getTime();
  if (given instanceof Uint8Array) return read instanceof Uint8Array && Buffer.compare(read, given) === 0;
  if (Array.isArray(given)) {
    const isItem = (item: unknown, index: number) => isSame(read[index as never], item);
    return Array.isArray(read) && Object.keys(given).length === read.length && given.every(isItem);
  }
  if (Array.isArray(read) || Object.getPrototypeOf(read) !== Object.prototype) return false;
  const names = new Set([...Object.keys(given), ...Object.keys(read)]);
  return [...names].every((name) => isSame(Reflect.get(read, name), Reflect.get(given, name)));
}

describe.each([
  { threads: 0, durability: 'memory' },
  { threads: 1, durability: 'os' },
] as const)('a hostile payload, $threads threads, $durability,', ({ threads, durability }) => {
  let engine: Engine;

  beforeAll(async () => {
    const handlers = [new URL('./hostile-values.mjs', import.meta.url)];
    engine = await openForTests({ events: [Hostile, Cooking], threads, handlers, ...storeFor(durability) });
  });
  afterAll(() => engine.close());

  /** The value of the event that is last in the log now. */
  async function lastValue(): Promise<unknown> {
    const [event] = await collect(engine, { fromPosition: engine.stats().lastPosition });
    return (event?.data as { value: unknown } | undefined)?.value;
  }

  async function publish(given: Recipe): Promise<void> {
    const before = engine.stats().lastPosition;
    try {
      await engine.publish(Hostile({ value: make(given) }));
    } catch (error) {
      expect(error).toBeInstanceOf(MillraceError);
      expect(engine.stats().lastPosition).toBe(before);
      return;
    }
    expect(isSame(await lastValue(), make(given)), 'what was published comes back').toBe(true);
  }

  async function emit(given: Recipe, number: number): Promise<void> {
    const before = engine.stats().lastPosition;
    try {
      await engine.publish(Cooking({ recipe: given, number }), { until: 'handled' });
    } catch (error) {
      expect(error).toBeInstanceOf(MillraceError);
      // The recipe itself has bad text in it, or the handler could not emit what it made of it.
      if (error instanceof HandlerError) expect(error.cause).toBeInstanceOf(MillraceError);
      expect(engine.stats().lastPosition).toBeLessThanOrEqual(before + 1);
      return;
    }
    await engine.drain();
    expect(isSame(await lastValue(), make(given)), 'what was emitted comes back').toBe(true);
  }

  test.each(Object.keys(ODD))('%s, is refused or comes back', async (name) => {
    await publish({ kind: 'odd', name });
    await publish({ kind: 'object', bare: false, fields: [['field', { kind: 'odd', name }]] });
    await emit({ kind: 'odd', name }, 0);
    expectUnpolluted();
  });

  test('whatever it is made of, is refused or comes back, published and emitted', async () => {
    const property = fc.asyncProperty(recipe, fc.nat(), async (given, number) => {
      await publish(given);
      await emit(given, number);
      expectUnpolluted();
    });
    await checkProperty(property, { runs: 300 });
  });

  test.each([0, 1, 2, 3])('that changes after %i looks at it, leaves the log readable', async (looks) => {
    const later = [() => () => 1, () => Number.NaN, () => new Map(), () => ({ deep: [1n] })];
    later.push(() => {
      throw new Error('no more');
    });
    for (const after of later) {
      // What it was when it was checked is not what is encoded: it may be refused by an error of its own.
      await engine.publish(Hostile({ value: changing(looks, after) })).catch(() => {});
      await lastValue();
    }
  });

  test('with more values than there is time for, is refused', async () => {
    const refused = engine.publish(Hostile({ value: sharedParts() }));
    await expect(refused).rejects.toMatchObject({ code: 'MILLRACE_UNSUPPORTED_PAYLOAD' });
  });

  test('has broken nothing', async () => {
    const { position } = await engine.publish(Hostile({ value: 'good' }));
    expect(await lastValue()).toBe('good');
    expect(engine.stats().state).toBe('open');
    expect((await collect(engine)).map((event) => event.position).at(-1)).toBe(position);
  });
});
