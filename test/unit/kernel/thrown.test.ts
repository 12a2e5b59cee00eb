import { runInNewContext } from 'node:vm';
import { StoreError } from 'millrace/errors';
import { describe, expect, test } from 'vitest';
import { decodeError, encodeError, type WireError, wireOf } from '../../../dist/src/kernel/error-codec.js';
import { isError, messageOf, shown, toError } from '../../../dist/src/kernel/thrown.js';

/** Throws in every trap that there is. */
const hostile = new Proxy(new Error('x'), {
  get: () => {
    throw new Error('get');
  },
  has: () => {
    throw new Error('has');
  },
  getPrototypeOf: () => {
    throw new Error('getPrototypeOf');
  },
  ownKeys: () => {
    throw new Error('ownKeys');
  },
});

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function withGetter(field: string): Error {
  return Object.defineProperty(new Error('x'), field, {
    get: () => {
      throw new Error(`no ${field}`);
    },
  });
}

const deep = Array.from({ length: 100 }).reduce<Error>(
  (cause) => new Error('link', { cause }),
  new Error('x'),
);
const wide = (): AggregateError =>
  new AggregateError(
    Array.from({ length: 50 }, () => new AggregateError([new Error('in')], 'mid')),
    'wide',
  );
const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;
const ownParts = new AggregateError([], 'round');
ownParts.errors.push(ownParts);

const ODD: readonly [string, unknown][] = [
  ['no stack', Object.assign(new Error('x'), { stack: null })],
  ['a stack that is an object', Object.assign(new Error('x'), { stack: { frames: [] } })],
  ['a message that is an object', Object.assign(new Error('x'), { message: { code: 4 } })],
  ['a message that is a cycle', Object.assign(new Error('x'), { message: cyclic })],
  ['a message that is a symbol', Object.assign(new Error('x'), { message: Symbol('m') })],
  ['a name that is a number', Object.assign(new Error('x'), { name: 5 })],
  ['a code that is a bigint', Object.assign(new Error('x'), { code: 5n })],
  ['details that are null', Object.assign(new StoreError('x'), { details: null })],
  ['details that are revoked', Object.assign(new StoreError('x'), { details: revoked({}) })],
  ['a cause that is revoked', new Error('x', { cause: revoked({}) })],
  ['errors that are revoked', Object.assign(new Error('x'), { errors: revoked([]) })],
  ...['name', 'message', 'stack', 'code', 'cause', 'errors'].map((field): [string, unknown] => [
    `a getter of ${field} that throws`,
    withGetter(field),
  ]),
  ['a hostile proxy', hostile],
  ['a revoked proxy', revoked(new Error('x'))],
  ['a revoked function', revoked(() => {})],
  ['an error without a prototype', Object.setPrototypeOf(new Error('x'), null)],
  ['an object without a prototype', Object.create(null)],
  ['a toJSON that throws', { toJSON: () => JSON.parse('{') }],
  ['a function', () => {}],
  ['a class', StoreError],
  ['a symbol', Symbol('s')],
  ['nothing', undefined],
  ['a bigint', 5n],
  ['a cycle', cyclic],
  ['a deep chain of causes', deep],
  ['a wide tree of errors', wide()],
  ['parts that hold their whole', ownParts],
  ['an error of another realm', runInNewContext('new TypeError("foreign")')],
  ['a huge message', new Error('x'.repeat(20_000_000))],
  ['huge details', new StoreError('x', { details: { text: 'x'.repeat(20_000_000) } })],
  ['a lone surrogate', new Error('\ud800')],
];

/** What every other piece of code relies on. */
function checkSound(wire: WireError): void {
  expect(typeof wire.name).toBe('string');
  expect(typeof wire.message).toBe('string');
  for (const field of ['code', 'stack'] as const)
    expect(['string', 'undefined']).toContain(typeof wire[field]);
  if (wire.cause) checkSound(wire.cause);
  for (const part of wire.errors ?? []) checkSound(part);
}

describe('whatever is thrown becomes plain data of a bounded size, and an error again', () => {
  test.each(ODD)('%s', (_name, thrown) => {
    const wire = encodeError(thrown);
    checkSound(wire);
    const text = JSON.stringify(structuredClone(wire));
    expect(text.length).toBeLessThan(1_000_000);
    expect(wireOf(JSON.parse(text))).toEqual(wire);
    const back = decodeError(wire);
    expect(back).toBeInstanceOf(Error);
    expect(back.message).toBe(wire.message);
    expect(typeof messageOf(thrown)).toBe('string');
    expect(typeof shown(thrown)).toBe('string');
    expect(typeof toError(thrown).message).toBe('string');
    expect(() => thrown instanceof StoreError).not.toThrow();
  });
});

test('an error of another realm keeps its name, its text and its stack', () => {
  const foreign: unknown = runInNewContext(
    'Object.assign(new TypeError("no such file"), { code: "ENOENT" })',
  );
  expect(foreign instanceof Error).toBe(false);
  expect(isError(foreign)).toBe(true);
  expect(toError(foreign)).toBe(foreign);
  expect(encodeError(foreign)).toMatchObject({
    name: 'TypeError',
    message: 'no such file',
    code: 'ENOENT',
    stack: expect.stringContaining('TypeError: no such file'),
  });
});

test('the errors of an AggregateError come with it', () => {
  const error = new AggregateError([new RangeError('one'), 'two'], 'both');
  const back = decodeError(encodeError(error)) as AggregateError;
  expect(back).toBeInstanceOf(AggregateError);
  expect(back.errors).toMatchObject([{ name: 'RangeError', message: 'one' }, { message: 'two' }]);
});
