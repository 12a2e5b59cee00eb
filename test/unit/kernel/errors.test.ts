import { MillraceError } from 'millrace';
import {
  ERROR_CLASSES,
  HandlerError,
  InvalidOptionError,
  StoreError,
  StoreLockedError,
} from 'millrace/errors';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeError, encodeError } from '../../../dist/src/kernel/error-codec.js';

type Copy = typeof import('../../../dist/src/kernel/errors.js');

const CLASSES = [...ERROR_CLASSES];

describe('error classes', () => {
  test('have codes of their own', async () => {
    const exported = Object.values(await import('millrace/errors')).filter(
      (value): value is typeof MillraceError => typeof value === 'function' && /Error$/.test(value.name),
    );
    expect(exported.length).toBeGreaterThan(20);
    expect(new Set(exported)).toEqual(new Set(ERROR_CLASSES.values()));
    expect(new Set(exported.map(({ code }) => code)).size).toBe(exported.length);
  });

  test.each(CLASSES)('%s: code, name and instanceof', (code, ErrorClass) => {
    const cause = new Error('why');
    const error = new ErrorClass('what', { cause, details: { field: 'a' } });
    expect(code).toMatch(/^MILLRACE_[A-Z]+(_[A-Z]+)*$/);
    expect(error).toMatchObject({ code, name: ErrorClass.name, message: 'what', details: { field: 'a' } });
    expect(error.cause).toBe(cause);
    expect(error.stack).toContain('errors.test');
    expect(error instanceof ErrorClass && error instanceof MillraceError && error instanceof Error).toBe(
      true,
    );
    const parents = [MillraceError, ErrorClass, Object.getPrototypeOf(ErrorClass)];
    const others = CLASSES.filter(([, Other]) => !parents.includes(Other));
    expect(others.filter(([, Other]) => error instanceof Other)).toEqual([]);
  });

  test('say nothing of a cause that was not given', () => {
    expect('cause' in new StoreError('x')).toBe(false);
    expect(new StoreError('x').details).toEqual({});
  });
});

describe('instanceof across two copies of the package', () => {
  let copy: Copy;

  beforeAll(async () => {
    const files = ['errors', 'timer-errors', 'command-errors'].map(
      (name) => import(new URL(`../../../dist/src/kernel/${name}.js?copy=2`, import.meta.url).href),
    );
    copy = Object.assign({}, ...(await Promise.all(files)));
    expect(copy.StoreError).not.toBe(StoreError);
  });

  test.each(CLASSES)('%s', (code, ErrorClass) => {
    const Twin = Object.values(copy).find(
      (one) => 'code' in one && one.code === code,
    ) as typeof MillraceError;
    expect(new Twin('x')).toBeInstanceOf(ErrorClass);
    expect(new ErrorClass('x')).toBeInstanceOf(Twin);
    expect(new Twin('x') instanceof (ErrorClass === HandlerError ? StoreLockedError : HandlerError)).toBe(
      false,
    );
  });

  test.each([
    undefined,
    null,
    'MILLRACE_STORE',
    {},
    new Error('x'),
    { code: 'MILLRACE_STORE' },
  ])('%s is none', (value) => {
    expect((value as unknown) instanceof StoreError).toBe(false);
    expect((value as unknown) instanceof MillraceError).toBe(false);
  });
});

describe('an error that crosses a thread', () => {
  const cross = (thrown: unknown) => decodeError(structuredClone(encodeError(thrown)));

  test.each(CLASSES)('%s keeps everything', (code, ErrorClass) => {
    const details = { type: 'a.b', count: 3, ok: true };
    const cause = new InvalidOptionError('inner', { cause: new TypeError('innermost') });
    const error = new ErrorClass('outer', { cause, details });
    const back = cross(error);
    expect(back).toBeInstanceOf(ErrorClass);
    expect(back).toMatchObject({ code, name: ErrorClass.name, message: 'outer', details });
    expect(back.stack).toBe(error.stack);
    expect(back.cause).toBeInstanceOf(InvalidOptionError);
    expect(back.cause).toMatchObject({
      message: 'inner',
      cause: { name: 'TypeError', message: 'innermost' },
    });
  });

  test('keeps name and code of a foreign class', () => {
    const error = Object.assign(new RangeError('full'), { code: 'ENOSPC' });
    const back = cross(error);
    expect(back).toMatchObject({ name: 'RangeError', code: 'ENOSPC', message: 'full', stack: error.stack });
    expect(back).not.toBeInstanceOf(MillraceError);
  });

  test.each(CLASSES)('is not of our class for its code alone: %s', (code) => {
    const back = cross(Object.assign(new RangeError('made up'), { code, details: { rule: 'made up' } }));
    expect(back).toMatchObject({ name: 'RangeError', code, message: 'made up' });
    expect(back).not.toBeInstanceOf(MillraceError);
  });

  test('leaves out details that cannot cross', () => {
    const back = cross(new StoreError('x', { details: { run: () => 1, sqlite: 'SQLITE_FULL' } }));
    expect(back).toMatchObject({ details: { sqlite: 'SQLITE_FULL' } });
    expect((back as MillraceError).details).not.toHaveProperty('run');
  });

  test('ends a chain of causes that has no end', () => {
    const error = new Error('round');
    error.cause = error;
    expect(cross(error)).toMatchObject({ message: 'round', cause: { message: 'round' } });
  });

  test.each<[string, unknown, string]>([
    ['text', 'only text', 'only text'],
    ['null', null, 'What was thrown is no error: null.'],
    ['undefined', undefined, 'What was thrown is no error: undefined.'],
    ['a number', 5, 'What was thrown is no error: 5.'],
    ['an object', { a: 1 }, 'What was thrown is no error: {"a":1}.'],
    ['a bigint', 5n, 'What was thrown is no error: 5.'],
    ['a symbol', Symbol('s'), 'What was thrown is no error: Symbol(s).'],
  ])('may have been thrown as %s', (_name, thrown, message) => {
    expect(cross(thrown)).toMatchObject({ message });
  });
});
