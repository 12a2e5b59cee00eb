import { StateKeeper } from '../../../dist/src/engine/states/state-keeper.js';
import { CargoWriter, readCargo } from '../../../dist/src/lanes/states/cargo.js';
import { EventStates, LaneStates } from '../../../dist/src/lanes/states/lane-states.js';
import type { StateChange } from '../../../dist/src/store/state.js';
import { type Mutation, replace } from './mutate.js';

/** Bugs of what handlers keep for keys. */
export const STATE_MUTATIONS: readonly Mutation[] = [
  {
    name: 'a state is saved without its progress, one commit later',
    apply: () => {
      const late = new WeakMap<StateKeeper, StateChange | undefined>();
      return replace(
        StateKeeper.prototype,
        'take',
        (original) =>
          function (this: StateKeeper, commit) {
            const before = late.get(this);
            late.set(this, original.call(this, commit));
            return before;
          },
      );
    },
  },
  {
    // One of the two is enough: the lane goes back to the state of before, and is sent it anew.
    name: 'what a failed event made of a state is kept',
    apply: () => {
      const undo = [
        replace(EventStates.prototype, 'drop', () => () => {}),
        replace(StateKeeper.prototype, 'failed', () => () => {}),
      ];
      return () => {
        for (const one of undo) one();
      };
    },
  },
  {
    name: 'a lane goes on with the state that it had when a key comes back to it',
    apply: () =>
      replace(
        LaneStates.prototype,
        'take',
        (original) =>
          function (this: LaneStates, { states }) {
            const count = this.types.length;
            const unknown = new CargoWriter(count);
            if (states) {
              readCargo(states, count, (key, bytes) => {
                if (!has(this, key)) unknown.add(key, bytes);
              });
            }
            const left = unknown.take();
            original.call(this, { forgotten: [], ...(left && { states: left }) });
          },
      ),
  },
  {
    name: 'a cold key is read from the log before its last state is there',
    from: 130,
    apply: () =>
      replace(
        StateKeeper.prototype,
        'take',
        (original) =>
          function (this: StateKeeper) {
            return original.call(this, 0);
          },
      ),
  },
  {
    name: 'some changes of states do not reach the main thread',
    apply: () =>
      replaceChanged((change, key, index, bytes, position) => {
        if (position % 5 !== 0) change(key, index, bytes, position);
      }),
  },
  {
    name: 'a state is saved with the position of another event',
    apply: () =>
      replaceChanged((change, key, index, bytes, position) =>
        change(key, index, bytes, Math.max(1, position - 1)),
      ),
  },
];

type Changed = StateKeeper['changed'];

/** Puts something else in the place of what a changed state does. */
function replaceChanged(changed: (change: Changed, ...args: Parameters<Changed>) => void) {
  return replace(
    StateKeeper.prototype,
    'changed',
    (original) =>
      function (this: StateKeeper, ...args) {
        changed(original.bind(this), ...args);
      },
  );
}

function has(lane: LaneStates, key: number): boolean {
  try {
    return lane.of(key, '') !== undefined;
  } catch {
    return false;
  }
}
