import { type StateChange, type StoredStateType, slotOf } from '../store.js';

import { type MakeStore, type StoreCheck, same, type Trial } from './trial.js';
import { openWithEvents } from './with-events.js';

/** A state as a check has it: key, type, position, and bytes of that one value. */
export type Told = readonly [key: number, type: number, position: number, byte: number];

/** The change that stores states, of bytes of their own length each. */
export function stateChange(states: readonly Told[], types: readonly StoredStateType[] = []): StateChange {
  const ends = new Uint32Array(states.length);
  let end = 0;
  states.forEach(([, , , byte], index) => {
    end += byte;
    ends[index] = end;
  });
  return {
    types,
    slots: Float64Array.from(states, ([key, type]) => slotOf(key, type)),
    positions: Float64Array.from(states, ([, , position]) => position),
    ends,
    bytes: Uint8Array.from(states.flatMap(([, , , byte]) => new Array<number>(byte).fill(byte))),
  };
}

/** What a trial has of states, as `Told`. */
export function toldOf({ reader }: Trial, query: Parameters<Trial['reader']['states']>[0]): Told[] {
  return reader.states(query).map(({ key, type, position, bytes }) => {
    const [byte = 0] = bytes;
    same([...bytes], new Array(byte).fill(byte), `bytes of state ${type} of key ${key}`);
    return [key, type, position, byte];
  });
}

export const STATE_TYPES: readonly StoredStateType[] = [
  { id: 1, name: 'candle', version: 1 },
  { id: 2, name: 'total', version: 3 },
];

/** What every store must do with the states of keys. */
export function stateChecks(make: MakeStore): StoreCheck[] {
  const open = () => openWithEvents(make);
  return [
    {
      name: 'states come back as they went in, by key, and in pages in the order of keys and types',
      run: async () => {
        await using trial = await open();
        same(trial.reader.stateTypes(), [], 'types of states before there are any');
        same(toldOf(trial, { from: 1, to: 1, limit: 9 }), [], 'states before there are any');
        const put: Told[] = [
          [3, 1, 3, 30],
          [1, 2, 4, 12],
          [1, 1, 4, 11],
        ];
        await trial.commit({ states: stateChange(put, STATE_TYPES) });
        same(trial.reader.stateTypes(), STATE_TYPES, 'types of states');
        const sorted = [put[2], put[1], put[0]];
        same(toldOf(trial, { from: 1, to: 1, limit: 9 }), sorted.slice(0, 2), 'states of key 1');
        same(toldOf(trial, { from: 2, to: 2, limit: 9 }), [], 'states of key 2');
        const some = trial.reader.statesOf([2, 1, 3]).map(({ key, type }) => `${key}/${type}`);
        same(some.sort(), ['1/1', '1/2', '3/1'], 'states of keys 1 and 3');
        same(trial.reader.statesOf([]), [], 'states of no key');
        same(toldOf(trial, { from: 1, limit: 2 }), sorted.slice(0, 2), 'the first page');
        same(toldOf(trial, { from: 1, after: 2, limit: 2 }), sorted.slice(2), 'the second page');
      },
    },
    {
      name: 'a state takes the place of the one before, and no other',
      run: async () => {
        await using trial = await open();
        await trial.commit({ states: stateChange([[1, 1, 1, 5]], STATE_TYPES.slice(0, 1)) });
        const second = trial.commit({ states: stateChange([[1, 1, 4, 6]]) });
        const third = trial.commit({ states: stateChange([[2, 2, 5, 9]], STATE_TYPES.slice(1)) });
        await Promise.all([second, third]);
        const expected = [
          [1, 1, 4, 6],
          [2, 2, 5, 9],
        ];
        same(toldOf(trial, { from: 0, limit: 9 }), expected, 'states');
        same(trial.reader.stateTypes(), STATE_TYPES, 'types of states');
      },
    },
  ];
}
