import { expect, test } from 'vitest';
import { NameEntry } from '../../../dist/src/engine/sequence/directory.js';
import type { StateHolder } from '../../../dist/src/engine/states/key-states.js';
import {
  STATE_CARGO_BYTES,
  STATE_KEY_BYTES,
  STATE_UNSAVED_BYTES,
} from '../../../dist/src/engine/states/limits.js';
import { StateKeeper } from '../../../dist/src/engine/states/state-keeper.js';
import { rowReference } from '../../../dist/src/events/slab.js';
import { readCargo } from '../../../dist/src/lanes/states/cargo.js';
import { MAX_STATE_TYPES } from '../../../dist/src/lanes/states/limits.js';
import { MemoryStates } from '../../../dist/src/store/memory/memory-states.js';
import { MAX_STORED_STATE_TYPES } from '../../../dist/src/store/state.js';

/** A lane that notes what it is told to forget. */
class Seat implements StateHolder {
  state: StateHolder['state'] = 'open';
  readonly forgotten: number[] = [];

  forgetStates(key: number): void {
    this.forgotten.push(key);
  }
}

interface KeeperOptions {
  readonly keys: readonly NameEntry[];
  readonly states?: readonly string[];
  readonly maxStateBytes?: number;
  readonly stored?: readonly { readonly id: number; readonly name: string; readonly version: number }[];
}

/** A keeper whose rows are the keys in their order, with a store that takes what is saved when `save` is called. */
function keeperOf({ keys, states = ['sum'], maxStateBytes, stored = [] }: KeeperOptions) {
  const store = new MemoryStates();
  const reader = { statesOf: (ids: number[]) => store.ofKeys(ids), consumers: () => [] };
  const keeper = new StateKeeper({
    store: { location: 'memory', reader } as never,
    pool: { slabs: [{ type: keys.map(() => 1), keys }] } as never,
    stored: { states: stored, types: [{ id: 1, name: 'stepped' }], lastName: keys.length },
    maxStateBytes,
  });
  const rule = { type: 'stepped', states: states.map((name) => ({ name, version: 1 })), usedStates: states };
  keeper.begin([rule as never]);
  return {
    keeper,
    /** Sends the first event of each of some keys to a lane. Returns the states that go with them. */
    load(seat: Seat, rows = keys.map((_, row) => row)) {
      const references = Uint32Array.from(rows, (row) => rowReference(0, row));
      const { count, states: cargo } = keeper.load(seat, references);
      const found: Record<number, readonly (string | undefined)[]> = {};
      if (cargo) readCargo(cargo, states.length, (key, bytes) => Object.assign(found, { [key]: bytes }));
      return { count, states: found };
    },
    save(commit: number) {
      const change = keeper.take(commit);
      return () => {
        if (change) store.apply(change);
        keeper.committed(commit);
      };
    },
  };
}

const keysOf = (count: number) =>
  Array.from({ length: count }, (_, index) => new NameEntry(index + 1, `k${index + 1}`, 0, false));

test('a key’s states are sent to the lane that does not have them, and the one that had them forgets them', () => {
  const keys = keysOf(2);
  const { keeper, load } = keeperOf({ keys });
  const [one, other] = [new Seat(), new Seat()];
  expect(load(one).states).toEqual({ 1: [undefined], 2: [undefined] });
  expect(load(one).states).toEqual({});
  keeper.changed(keys[0] as NameEntry, 0, '\u0007', 1);
  expect(load(one, [0]).states).toEqual({});
  expect(load(other, [0]).states).toEqual({ 1: ['\u0007'] });
  expect(one.forgotten).toEqual([1]);
  // After a failure a lane may have more than what counts.
  keeper.failed(keys[0] as NameEntry);
  expect(load(other, [0]).states).toEqual({ 1: ['\u0007'] });
  // One that has ended is told nothing, and has nothing.
  other.state = 'ended';
  expect(load(one, [0]).states).toEqual({ 1: ['\u0007'] });
  expect(other.forgotten).toEqual([]);
});

test('a cold key is forgotten when all of its states are saved, and read again; the others are not', () => {
  const keys = keysOf(24);
  const [cold, busy, unsaved, saving] = keys as [NameEntry, NameEntry, NameEntry, NameEntry];
  const { keeper, load, save } = keeperOf({ keys, maxStateBytes: 4.1 * STATE_KEY_BYTES });
  const [seat, next] = [new Seat(), new Seat()];
  load(seat, [0, 1, 2, 3]);
  for (const key of [cold, busy, unsaved, saving]) keeper.changed(key, 0, 'a', 1);
  save(1)();
  busy.inFlight = 1;
  keeper.changed(saving, 0, 'b', 2);
  const saved = save(2);
  keeper.changed(unsaved, 0, 'c', 3);
  // Each look for a key that is not there makes room; a key that was used lately is passed over once.
  for (let look = 4; look < 24; look++) load(next, [look]);
  expect(seat.forgotten).toEqual([1]);
  expect(
    [cold.states, busy.states, unsaved.states, saving.states].map((states) => states !== undefined),
  ).toEqual([false, true, true, true]);
  saved();
  expect(load(next, [0, 2, 3]).states).toEqual({ 1: ['a'], 3: ['c'], 4: ['b'] });
});

test('a state of the last name that the log had at its opening is read from there', () => {
  const keys = keysOf(3);
  const first = keeperOf({ keys });
  first.load(new Seat());
  first.keeper.changed(keys[2] as NameEntry, 0, 'x', 4);
  const change = first.keeper.take(1);
  const stored = new MemoryStates();
  if (change) stored.apply(change);
  const again = new StateKeeper({
    store: {
      location: 'memory',
      reader: { statesOf: (ids: number[]) => stored.ofKeys(ids), consumers: () => [] },
    },
    pool: { slabs: [{ type: [1], keys: [new NameEntry(3, 'k3', 0, false)] }] },
    stored: { states: stored.types, types: [{ id: 1, name: 'stepped' }], lastName: 3 },
  } as never);
  again.begin([{ type: 'stepped', states: [{ name: 'sum', version: 1 }], usedStates: ['sum'] } as never]);
  const found: (string | undefined)[] = [];
  const { states } = again.load(new Seat(), Uint32Array.of(rowReference(0, 0)));
  readCargo(states as Uint8Array, 1, (_key, bytes) => found.push(...bytes));
  expect(found).toEqual(['x']);
});

test('lanes are given nothing more while too much is not saved, also what is on its way', () => {
  const keys = keysOf(1);
  const { keeper, load, save } = keeperOf({ keys });
  load(new Seat());
  expect(keeper.isFull).toBe(false);
  keeper.changed(keys[0] as NameEntry, 0, 'x'.repeat(STATE_UNSAVED_BYTES + 1), 1);
  expect(keeper.isFull).toBe(true);
  const saved = save(1);
  expect(keeper.isFull).toBe(true);
  saved();
  expect(keeper.isFull).toBe(false);
});

test('a batch brings no more states than fit, and the rest is sent with the next one', () => {
  const keys = keysOf(5);
  const { keeper, load } = keeperOf({ keys });
  const [one, other] = [new Seat(), new Seat()];
  load(one);
  for (const key of keys) keeper.changed(key, 0, 'x'.repeat(STATE_CARGO_BYTES / 2), 1);
  expect(load(other).count).toBe(2);
  expect(Object.keys(load(other, [2, 3, 4]).states)).toEqual(['3', '4']);
});

test('more states than a key or a log may have are refused', () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `s${index}`);
  const stored = names(MAX_STORED_STATE_TYPES).map((name, index) => ({ id: index + 1, name, version: 1 }));
  const keys = keysOf(1);
  expect(() => keeperOf({ keys, states: names(MAX_STATE_TYPES) })).not.toThrow();
  expect(() => keeperOf({ keys, states: names(MAX_STATE_TYPES + 1) })).toThrow(
    expect.objectContaining({ code: 'MILLRACE_INVALID_DEFINITION' }),
  );
  expect(() => keeperOf({ keys, states: ['s7'], stored })).not.toThrow();
  expect(() => keeperOf({ keys, states: ['new'], stored })).toThrow(
    expect.objectContaining({ code: 'MILLRACE_STATE_VERSION' }),
  );
});
