import { TimerKeeper } from '../../../dist/src/engine/timers/timer-keeper.js';
import type { TimerChange } from '../../../dist/src/store/timer.js';
import { type Mutation, replace } from './mutate.js';

/** Bugs of timers of handlers. */
export const TIMER_MUTATIONS: readonly Mutation[] = [
  {
    name: 'a timer is fired twice, because its event is stored and it is not taken out',
    apply: () =>
      replace(
        TimerKeeper.prototype,
        'take',
        (original) =>
          function (this: TimerKeeper, commit) {
            const change = original.call(this, commit);
            return change && { ...change, remove: [] };
          },
      ),
  },
  {
    name: 'a timer is stored without the progress of its event, one commit later',
    apply: () => {
      const late = new WeakMap<TimerKeeper, TimerChange | undefined>();
      return replace(
        TimerKeeper.prototype,
        'take',
        (original) =>
          function (this: TimerKeeper, commit) {
            const before = late.get(this);
            late.set(this, original.call(this, commit));
            return before;
          },
      );
    },
  },
  {
    name: 'a timer fires before its time',
    apply: () =>
      replace(
        TimerKeeper.prototype,
        'due',
        (original) =>
          function (this: TimerKeeper, by) {
            return original.call(this, by + 40);
          },
      ),
  },
  {
    name: 'a timer that was cancelled fires',
    apply: () =>
      replace(
        TimerKeeper.prototype,
        'obey',
        (original) =>
          function (this: TimerKeeper, key, position, { commands, ...orders }) {
            const kept = commands.filter(({ kind }) => kind === 'schedule');
            original.call(this, key, position, { ...orders, commands: kept });
          },
      ),
  },
];
