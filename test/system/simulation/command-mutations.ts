import { Appending } from '../../../dist/src/engine/commands/appending.js';
import { Directory } from '../../../dist/src/engine/sequence/directory.js';
import { Actor } from '../../../dist/src/lanes/aggregates/actor.js';
import { type Mutation, replace } from './mutate.js';

/** Bugs of commands on lanes. */
export const COMMAND_MUTATIONS: readonly Mutation[] = [
  {
    name: 'a reply leaves before its commit',
    apply: () =>
      replace(
        Appending.prototype,
        'settle',
        (original) =>
          function (this: Appending, command) {
            Object.assign(command, { call: { ...command.call, until: 'accepted' } });
            original.call(this, command);
          },
      ),
  },
  {
    name: 'what a command decided counts whatever version its aggregate has by then',
    apply: () => {
      let directory: Directory | undefined;
      const undo = [
        replace(
          Directory.prototype,
          'versionOf',
          (original) =>
            function (this: Directory, name) {
              directory = this;
              return original.call(this, name);
            },
        ),
        replace(
          Appending.prototype,
          'settle',
          (original) =>
            function (this: Appending, command) {
              const { outcome, call } = command;
              const version = directory?.versionOf(call.id) ?? 0;
              if (outcome?.kind === 'decided') command.outcome = { ...outcome, version };
              original.call(this, command);
            },
        ),
      ];
      return () => {
        for (const one of undo) one();
      };
    },
  },
  {
    name: 'a command that is asked again is done again',
    apply: () => replace(Actor.prototype, 'hasDone', () => () => false),
  },
  {
    name: 'a lane does not forget what it made of a command that was refused',
    apply: () => replace(Actor.prototype, 'forget', () => () => {}),
  },
];
