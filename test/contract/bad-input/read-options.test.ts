import type { Engine, ReadOptions } from 'millrace';
import { discardDeadLetters, openStoreReader, retryDeadLetters, type StoreReader } from 'millrace/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { openForTests } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

const path = tempStore();
let engines: Engine[];
let reader: StoreReader;

beforeAll(async () => {
  engines = [await openForTests({ store: path }), await openForTests({})];
  for (const engine of engines) {
    await engine.publishMany(oneTo(10).map((value) => Noted({ note: 'a', value })));
  }
  reader = openStoreReader(path);
});

afterAll(async () => {
  reader.close();
  for (const engine of engines) await engine.close();
});

const NO_POSITIONS = [0, -5, 1.5, '5', Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, null, true, 5n, {}];

const refused = (message: RegExp) => ({
  code: 'MILLRACE_INVALID_OPTION',
  message: expect.stringMatching(message),
});

const wrong: readonly [string, object, RegExp][] = [
  ...NO_POSITIONS.map((value): [string, object, RegExp] => [
    `fromPosition ${String(value)}`,
    { fromPosition: value },
    /^read: fromPosition is .*; it must be a whole number from 1\.$/,
  ]),
  ...NO_POSITIONS.map((value): [string, object, RegExp] => [
    `fromVersion ${String(value)}`,
    { aggregateId: 'a', fromVersion: value },
    /^read: fromVersion is .*; it must be a whole number from 1\.$/,
  ]),
  ['fromVersion of no aggregate', { fromVersion: 1 }, /fromVersion needs aggregateId/],
  ['toVersion of no aggregate', { toVersion: 1 }, /toVersion needs aggregateId/],
  ['fromVersion and fromPosition', { fromVersion: 1, fromPosition: 1 }, /fromVersion needs aggregateId/],
  ['a limit of none', { limit: 0 }, /limit is 0; it must be a whole number from 1/],
  ['an unknown direction', { direction: 'down' }, /'forwards' or 'backwards'/],
  ['types that are none', { types: null }, /^read: types must be an array/],
  [
    'a hole in the types',
    { types: new Array(1).concat('note.noted') },
    /^read: types\[0\] is of type undefined/,
  ],
  ...[5, null, {}, Symbol('a')].map((value): [string, object, RegExp] => [
    `aggregateId ${String(value)}`,
    { aggregateId: value },
    /^read: aggregateId is .*; it must be a text\.$/,
  ]),
];

test.each(wrong)('an engine and the reader of a file refuse alike: %s', async (_name, options, message) => {
  expect(() => reader.read(options)).toThrow(expect.objectContaining(refused(message)));
  for (const engine of engines) {
    await expect(collect(engine, options as ReadOptions)).rejects.toMatchObject(refused(message));
  }
});

test.each<[string, ReadOptions, number[]]>([
  ['undefined, as if left out', { fromPosition: undefined, aggregateId: undefined } as never, oneTo(10)],
  ['a position beyond the log', { fromPosition: 999 }, []],
  ['a version beyond its aggregate', { aggregateId: 'a', fromVersion: 999 }, []],
  ['an aggregate that is not there', { aggregateId: '' }, []],
  ['an aggregate between positions', { aggregateId: 'a', fromPosition: 3, toPosition: 5 }, [3, 4, 5]],
  ['all bounds of an aggregate', { aggregateId: 'a', fromPosition: 3, toVersion: 4, fromVersion: 2 }, [3, 4]],
  ['backwards', { direction: 'backwards', limit: 3 }, [10, 9, 8]],
  ['an aggregate backwards', { aggregateId: 'a', direction: 'backwards', toPosition: 4 }, [4, 3, 2, 1]],
  ['a type backwards', { types: ['note.noted'], direction: 'backwards', limit: 2 }, [10, 9]],
  ['a type between positions', { types: ['note.noted'], fromPosition: 4, toPosition: 6, limit: 2 }, [4, 5]],
  ['getters and prototypes', Object.create({ fromPosition: 9 }) as ReadOptions, [9, 10]],
])('an engine and the reader of a file read alike: %s', async (_name, options, positions) => {
  const of = (events: readonly { readonly position: number }[]) => events.map(({ position }) => position);
  expect(of([...reader.read(options)])).toEqual(positions);
  for (const engine of engines) expect(of(await collect(engine, options))).toEqual(positions);
});

test('options that answer differently each time are asked once', async () => {
  let asked = 0;
  const options = {
    get fromPosition() {
      return asked++ === 0 ? 9 : -1;
    },
  };
  expect([...reader.read(options)].map(({ position }) => position)).toEqual([9, 10]);
  expect(asked).toBe(1);
});

test.each(NO_POSITIONS.map((value) => [value]))('its other numbers are looked at, too: %s', (value) => {
  const number = value as number;
  if (number !== 0) {
    expect(() => reader.last(number)).toThrow(
      expect.objectContaining(refused(/^last: count is .* from 0\.$/)),
    );
    for (const of of ['deadLetters', 'commands'] as const) {
      expect(() => reader[of]({ after: number })).toThrow(
        expect.objectContaining(refused(new RegExp(`^${of}: after is .* from 0\\.$`))),
      );
    }
  }
  for (const of of ['deadLetters', 'commands', 'timers', 'states'] as const) {
    expect(() => reader[of]({ limit: number })).toThrow(
      expect.objectContaining(refused(new RegExp(`^${of}: limit is .* from 1\\.$`))),
    );
  }
  expect(() => reader.deadLetter(number)).toThrow(
    expect.objectContaining(refused(/^deadLetter: position is .* from 1\.$/)),
  );
  for (const edit of [retryDeadLetters, discardDeadLetters]) {
    expect(() => edit(path, [number])).toThrow(
      expect.objectContaining(refused(/^Dead letters: position is /)),
    );
  }
});

test('the last events may be none, some, or all there are', () => {
  expect(reader.last(0)).toEqual([]);
  expect(reader.last(2).map(({ position }) => position)).toEqual([9, 10]);
  expect(reader.last(999)).toHaveLength(10);
});
