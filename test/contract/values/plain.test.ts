import { runInNewContext } from 'node:vm';
import type { Engine } from 'millrace';
import { UnsupportedPayloadError } from 'millrace/errors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Posted } from '../../handlers/posted.mjs';
import { collect } from '../../support/collect.js';
import { openForTests } from '../../support/open-test-engine.js';

const withField = (value: object): object => Object.assign(value, { extra: 1 });

/** What would not come back from the log as it was. */
const REFUSED: Readonly<Record<string, () => unknown>> = {
  'a Float64Array': () => new Float64Array(64),
  'an Int8Array': () => new Int8Array(8),
  'a Uint8ClampedArray': () => new Uint8ClampedArray(8),
  'an ArrayBuffer': () => new ArrayBuffer(8),
  'a DataView': () => new DataView(new ArrayBuffer(8)),
  'a Map of another realm': () => runInNewContext('new Map([[1, 2]])'),
  'a class instance of another realm': () => runInNewContext('new (class Money { amount = 5 })()'),
  'a Date subclass of another realm': () => runInNewContext('new (class Moment extends Date {})()'),
  'an invalid Date of another realm': () => runInNewContext('new Date(NaN)'),
  'a Float64Array of another realm': () => runInNewContext('new Float64Array(8)'),
  NaN: () => Number.NaN,
  'an array with a field of its own': () => withField([1, 2]),
  'a long array with a field of its own': () => withField(new Array(100).fill(1)),
  'the result of a search for a pattern': () => /b/.exec('abc'),
  'an array with a hole': () => Object.assign(new Array(3), { 0: 1, 2: 3 }),
  'a long array with a hole': () => Object.assign(new Array(100), { 99: 1 }),
  'an array with a hole and a field': () => withField(Object.assign(new Array(3), { 0: 1, 2: 3 })),
  'a Date with a field of its own': () => withField(new Date(0)),
  'bytes with a field of their own': () => withField(Uint8Array.of(1)),
  'inherited fields': () => Object.create(Object.create(null, { a: { value: 1, enumerable: true } })),
  'a boxed text': () => Object('x'),
  'a Map that lost its prototype': () => Object.setPrototypeOf(new Map([[1, 2]]), null),
  'a Date that lost its prototype': () => Object.setPrototypeOf(new Date(0), null),
  'a Float64Array that lost its prototype': () => Object.setPrototypeOf(new Float64Array(2), null),
  'an Error that lost its prototype': () => Object.setPrototypeOf(new Error('x'), null),
  'the arguments of a function': () => runInNewContext('(function () { return arguments; })(1, 2)'),
  'a field that is not enumerable': () => Object.defineProperty({ a: 1 }, 'hidden', { value: 2 }),
  'a symbol key that is not enumerable': () => Object.defineProperty({}, Symbol('s'), { value: 2 }),
  Math: () => Math,
};

/** What comes back, as what. */
const KEPT: Readonly<Record<string, [given: () => unknown, read: unknown]>> = {
  '-0': [() => -0, -0],
  '-0 in a list': [() => [-0, 0], [-0, 0]],
  'a Date of another realm': [() => runInNewContext('new Date(86400000)'), new Date(86_400_000)],
  'an array of another realm': [() => runInNewContext('[1, [2]]'), [1, [2]]],
  'a long array of another realm': [() => runInNewContext('new Array(100).fill(1)'), new Array(100).fill(1)],
  'an object of another realm': [() => runInNewContext('({ a: { b: 1 } })'), { a: { b: 1 } }],
  'bytes of another realm': [() => runInNewContext('Uint8Array.of(1, 2)'), Buffer.from([1, 2])],
  'an object without a prototype': [() => Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  'a proxy of plain data': [() => new Proxy({ a: [1] }, {}), { a: [1] }],
};

describe.each(['off', 'publish'] as const)('with validate: %s', (validate) => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await openForTests({ events: [Posted], validate });
  });
  afterAll(() => engine.close());

  test.each(Object.entries(REFUSED))('%s is refused, as payload and as metadata', async (_name, make) => {
    const before = engine.stats().lastPosition;
    const event = Posted({ id: 'x', key: 'x', value: { list: [make()] } });
    const error = await engine.publish(event).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(UnsupportedPayloadError);
    expect(error.details.path).toMatch(/^value\.list\.0/);
    const metadata = engine.publish(Posted({ id: 'x', key: 'x' }, { metadata: { a: make() } }));
    await expect(metadata).rejects.toMatchObject({ code: 'MILLRACE_UNSUPPORTED_PAYLOAD' });
    expect(engine.stats().lastPosition).toBe(before);
  });

  test.each(Object.entries(KEPT))('%s comes back as it was', async (_name, [make, read]) => {
    const { position } = await engine.publish(
      Posted({ id: 'x', key: 'x', value: make() }, { metadata: { a: make() } }),
    );
    const [event] = await collect(engine, { fromPosition: position });
    expect(event?.data).toStrictEqual({ id: 'x', key: 'x', value: read });
    expect(event?.metadata.a).toStrictEqual(read);
  });

  test.each([
    [new Map([['a', 1]])],
    [['a']],
    ['text'],
    [7],
    [runInNewContext('new Map()')],
  ])('metadata that is no plain object is refused: %o', async (metadata) => {
    const event = Posted({ id: 'x', key: 'x' }, { metadata: metadata as never });
    await expect(engine.publish(event)).rejects.toMatchObject({ code: 'MILLRACE_UNSUPPORTED_PAYLOAD' });
  });

  test('what a getter gave when it was checked is what is stored', async () => {
    let looks = 0;
    const value = Object.defineProperty({}, 'field', {
      enumerable: true,
      get: () => (looks++ === 0 ? 'first' : new Float64Array(64)),
    });
    const { position } = await engine.publish(Posted({ id: 'x', key: 'x', value }));
    const [event] = await collect(engine, { fromPosition: position });
    expect(event?.data).toMatchObject({ value: { field: 'first' } });
  });

  test('a getter that publishes while it is read harms nobody', async () => {
    const inner: Promise<unknown>[] = [];
    const value = Object.defineProperty({ a: 'a'.repeat(100) }, 'field', {
      enumerable: true,
      get: () => {
        inner.push(engine.publish(Posted({ id: 'inner', key: 'x' })).catch((error) => error.code));
        return 'outer';
      },
    });
    const { position } = await engine.publish(Posted({ id: 'x', key: 'x', value }));
    const [event] = await collect(engine, { fromPosition: position });
    expect(event?.data).toMatchObject({ value: { a: 'a'.repeat(100), field: 'outer' } });
    expect(await Promise.all(inner)).toContain('MILLRACE_UNSUPPORTED_PAYLOAD');
  });

  test.each([
    8.64e15 + 1,
    -8.64e15 - 1,
    Number.MAX_VALUE,
    Number.NaN,
    '2026-01-01',
    runInNewContext('new Date(NaN)'),
  ])('occurredAt %s is refused', async (occurredAt) => {
    const publish = engine.publish(Posted({ id: 'x', key: 'x' }, { occurredAt: occurredAt as never }));
    await expect(publish).rejects.toMatchObject({ code: 'MILLRACE_INVALID_OPTION' });
  });

  test.each([
    [8.64e15, 8.64e15],
    [-8.64e15, -8.64e15],
    [runInNewContext('new Date(5)') as Date, 5],
  ])('occurredAt %s is kept', async (occurredAt, read) => {
    const { position } = await engine.publish(Posted({ id: 'x', key: 'x' }, { occurredAt }));
    expect((await collect(engine, { fromPosition: position }))[0]?.occurredAt).toBe(read);
  });
});
