import { SentCommands } from '../../../dist/src/engine/commands/sent-commands.js';
import { EventTimers, LaneTimers } from '../../../dist/src/lanes/timers/lane-timers.js';
import { type Mutation, replace } from './mutate.js';

/** Bugs of commands of handlers. */
export const SAGA_MUTATIONS: readonly Mutation[] = [
  {
    name: 'a command of a handler is sent before the commit of its event',
    apply: () =>
      replace(
        SentCommands.prototype,
        'take',
        (original) =>
          function (this: SentCommands, commit) {
            const change = original.call(this, commit);
            this.committed(commit);
            return change;
          },
      ),
  },
  {
    name: 'a command of an event that failed is kept',
    apply: () => {
      const left = new Set<EventTimers>();
      const undo = [
        replace(
          EventTimers.prototype,
          'send',
          (original) =>
            function (this: EventTimers, command) {
              original.call(this, command);
              left.add(this);
            },
        ),
        replace(
          LaneTimers.prototype,
          'add',
          (original) =>
            function (this: LaneTimers, cause, timers) {
              left.delete(timers);
              for (const { sent } of left) timers.sent.push(...sent);
              left.clear();
              original.call(this, cause, timers);
            },
        ),
      ];
      return () => {
        for (const one of undo) one();
      };
    },
  },
  {
    name: 'the row of a command of a handler goes before the command’s events are in',
    apply: () => {
      const stored = new WeakMap<SentCommands, number[]>();
      return replace(
        SentCommands.prototype,
        'take',
        (original) =>
          function (this: SentCommands, commit) {
            const early = stored.get(this) ?? [];
            const { put = [], remove = [] } = original.call(this, commit) ?? {};
            stored.set(
              this,
              put.map(({ number }) => number),
            );
            return { put, remove: [...remove, ...early] };
          },
      );
    },
  },
  {
    name: 'the row of a command of a handler stays when its events are in',
    apply: () =>
      replace(
        SentCommands.prototype,
        'take',
        (original) =>
          function (this: SentCommands, commit) {
            const change = original.call(this, commit);
            return change && { ...change, remove: [] };
          },
      ),
  },
  {
    name: 'a command of a handler is stored without the progress of its event, one commit later',
    apply: () => {
      const late = new WeakMap<SentCommands, ReturnType<SentCommands['take']>>();
      return replace(
        SentCommands.prototype,
        'take',
        (original) =>
          function (this: SentCommands, commit) {
            const before = late.get(this);
            late.set(this, original.call(this, commit));
            return before;
          },
      );
    },
  },
];
