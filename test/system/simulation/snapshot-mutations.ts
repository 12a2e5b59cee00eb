import { Appending } from '../../../dist/src/engine/commands/appending.js';
import { Snapshots } from '../../../dist/src/engine/commands/snapshots.js';
import { CommitQueue } from '../../../dist/src/engine/commit/commit-queue.js';
import { Actor } from '../../../dist/src/lanes/aggregates/actor.js';
import { Fold } from '../../../dist/src/lanes/aggregates/fold.js';
import { type Mutation, replace } from './mutate.js';

/** Bugs of snapshots. */
export const SNAPSHOT_MUTATIONS: readonly Mutation[] = [
  {
    name: 'a snapshot is newer than its events: it is saved when it comes, in a commit before theirs',
    apply: () => {
      let snapshots: Snapshots | undefined;
      let commits: CommitQueue | undefined;
      let last = 0;
      const undo = [
        replace(
          Snapshots.prototype,
          'take',
          (original) =>
            function (this: Snapshots) {
              snapshots = this;
              return original.call(this);
            },
        ),
        replace(
          CommitQueue.prototype,
          'add',
          (original) =>
            function (this: CommitQueue, slab, row = slab.rows - 1) {
              commits = this;
              last = slab.position[row] as number;
              original.call(this, slab, row);
            },
        ),
        replace(
          Appending.prototype,
          'settle',
          (original) =>
            function (this: Appending, command) {
              const { outcome, call } = command;
              if (outcome?.kind === 'decided' && outcome.snapshot && outcome.version > 0) {
                const { type, id } = call;
                const { snapshot, emissions } = outcome;
                const position = last + emissions.length;
                snapshots?.heard({ kind: 'made', type, id, position, snapshot });
                commits?.flush();
              }
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
    name: 'a snapshot says nothing of the commands before it',
    apply: () => replace(Actor.prototype, 'knows', () => () => {}),
  },
  {
    name: 'a snapshot is made of what the log may never have',
    apply: () =>
      replace(
        Fold.prototype,
        'evolve',
        (original) =>
          function (this: Fold, event) {
            original.call(this, event);
            this.isOfLog = true;
          },
      ),
  },
];
