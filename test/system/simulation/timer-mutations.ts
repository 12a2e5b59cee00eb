import { DataTimers } from '../../../dist/src/engine/timers/data-timers.js';
import { TimerKeeper } from '../../../dist/src/engine/timers/timer-keeper.js';
import { EventTimers, LaneTimers, type TimerCommand } from '../../../dist/src/lanes/timers/lane-timers.js';
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
  {
    name: 'what a failed event scheduled is kept',
    apply: () => {
      // By key, until one of its events succeeds.
      const wanted = new Map<string, TimerCommand[]>();
      const keys = new WeakMap<EventTimers, string>();
      const undo = [
        replace(
          EventTimers.prototype,
          'add',
          (original) =>
            function (this: EventTimers, key, command) {
              keys.set(this, key);
              wanted.set(key, [...(wanted.get(key) ?? []), command]);
              original.call(this, key, command);
            },
        ),
        replace(
          LaneTimers.prototype,
          'add',
          (original) =>
            function (this: LaneTimers, cause, timers) {
              const key = keys.get(timers) ?? '';
              const all = new EventTimers();
              for (const command of wanted.get(key) ?? []) all.add(key, command);
              wanted.delete(key);
              original.call(this, cause, all);
            },
        ),
      ];
      return () => {
        for (const one of undo) one();
      };
    },
  },
  {
    name: 'a timer fires as the latest event says, and not as the event says before which it comes',
    part: 'same',
    apply: () =>
      replace(
        DataTimers.prototype,
        'fire',
        (original) =>
          function (this: DataTimers, key) {
            return original.call(this, key, this.now);
          },
      ),
  },
  {
    name: 'an event runs ahead of a timer that comes before it',
    part: 'same',
    apply: () => replace(DataTimers.prototype, 'isDue', () => () => false),
  },
];
