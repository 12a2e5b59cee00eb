import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { currentStateTypes } from '../../../dist/src/store/all-states.js';
import { MemoryStates } from '../../../dist/src/store/memory/memory-states.js';
import { type StateChange, slotOf } from '../../../dist/src/store/state.js';
import { StateReader, StateTable } from '../../../dist/src/store/tables/state-table.js';

/** One state of a key, in bytes of its own. */
function changeOf(key: number, position: number, value: number, isNew = false): StateChange {
  return {
    types: isNew ? [{ id: 1, name: 'sum', version: 1 }] : [],
    slots: Float64Array.of(slotOf(key, 1)),
    positions: Float64Array.of(position),
    ends: Uint32Array.of(1),
    bytes: Uint8Array.of(value),
  };
}

const all = { from: 0, limit: 9 };

test('a state is stored with the event that made it so, the newest one', () => {
  const database = new Database(':memory:');
  const table = new StateTable(database);
  table.apply(changeOf(3, 5, 1, true));
  table.apply(changeOf(3, 8, 2));
  expect(new StateReader(database).page(all)).toEqual([
    { key: 3, type: 1, position: 8, bytes: Buffer.of(2) },
  ]);
  database.close();
});

test('a state that is not what was written is not given to a handler', () => {
  const database = new Database(':memory:');
  new StateTable(database).apply(changeOf(3, 5, 1, true));
  database.exec("UPDATE states SET value = x'07'");
  expect(() => new StateReader(database).page(all)).toThrow(
    expect.objectContaining({ code: 'MILLRACE_STORE_CORRUPT' }),
  );
  database.close();
});

test('when the transaction is rolled back that made the tables, the next one makes them', () => {
  const database = new Database(':memory:');
  const table = new StateTable(database);
  database.exec('BEGIN');
  table.apply(changeOf(3, 5, 1, true));
  database.exec('ROLLBACK');
  table.rolledBack();
  table.apply(changeOf(4, 6, 2, true));
  expect(new StateReader(database).page(all).map(({ key }) => key)).toEqual([4]);
  database.close();
});

test('a log in memory keeps states in bytes of their own, and tells of those that come between two pages', () => {
  const states = new MemoryStates();
  const change = changeOf(3, 5, 1, true);
  states.apply(change);
  change.bytes[0] = 9;
  expect(states.page(all).map(({ bytes }) => [...bytes])).toEqual([[1]]);
  states.apply(changeOf(2, 6, 2));
  expect(states.page(all).map(({ key, position }) => [key, position])).toEqual([
    [2, 6],
    [3, 5],
  ]);
});

test('of a state’s versions the highest is the one that counts, in whatever order they came', () => {
  const types = [
    { id: 1, name: 'sum', version: 1 },
    { id: 2, name: 'sum', version: 3 },
    { id: 3, name: 'sum', version: 2 },
    { id: 4, name: 'seen', version: 1 },
  ];
  expect([...currentStateTypes({ stateTypes: () => types } as never).keys()]).toEqual([2, 4]);
});
