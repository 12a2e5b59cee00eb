import type { ConsumerRecord } from '../../../dist/src/consumers/record.js';
import { Saving } from '../../../dist/src/consumers/saving.js';
import { LateHandlers } from '../../../dist/src/engine/replay/late-handlers.js';
import { StateKeeper } from '../../../dist/src/engine/states/state-keeper.js';
import { LaneContext } from '../../../dist/src/lanes/context.js';
import { type Mutation, replace } from './mutate.js';

/** How the building of a state is named among the modules that ask for old events. */
const BUILDING = 'state:';

/** Bugs of states that are built anew because their version has changed. */
export const REBUILD_MUTATIONS: readonly Mutation[] = [
  {
    name: 'a state of a new version is not built',
    apply: () => {
      const original = Object.getOwnPropertyDescriptor(StateKeeper.prototype, 'rebuilt');
      Object.defineProperty(StateKeeper.prototype, 'rebuilt', { configurable: true, get: () => [] });
      return () => Object.defineProperty(StateKeeper.prototype, 'rebuilt', original as PropertyDescriptor);
    },
  },
  {
    name: 'a rebuilt state misses events that came meanwhile',
    apply: () =>
      replace(
        LateHandlers.prototype,
        'begin',
        (original) =>
          function (this: LateHandlers, rules, last, letters) {
            original.call(this, rules, last, letters);
            for (const { module } of rules.flatMap(({ late }) => late)) {
              if (module.startsWith(BUILDING)) this.passOver(module, [last - 1, last]);
            }
          },
      ),
  },
  {
    name: 'what was skipped is part of a rebuilt state',
    apply: () => replace(LateHandlers.prototype, 'passOver', () => () => {}),
  },
  {
    name: 'what the building of a state leads to is kept',
    apply: () =>
      replace(
        LaneContext.prototype,
        'begin',
        (original) =>
          function (this: LaneContext, entry) {
            original.call(this, { ...entry, isRebuilding: false });
          },
      ),
  },
  {
    name: 'a state that is built is saved before the progress of its building',
    apply: () => {
      let count = 0;
      return replace(
        Saving.prototype,
        'note',
        (original) =>
          function (this: Saving, record, events) {
            const { name } = record as ConsumerRecord;
            if (!name.includes(`/${BUILDING}`) || ++count % 3 > 0) original.call(this, record, events);
          },
      );
    },
  },
];
