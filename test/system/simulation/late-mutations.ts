import { LateHandlers } from '../../../dist/src/engine/replay/late-handlers.js';
import { type Mutation, replace } from './mutate.js';

/** Bugs of handlers that come later and ask for old events. */
export const LATE_MUTATIONS: readonly Mutation[] = [
  {
    name: 'the progress of a late handler is saved before what its event led to',
    apply: () =>
      replace(
        LateHandlers.prototype,
        'fed',
        (original) =>
          function (this: LateHandlers, reference, event) {
            original.call(this, reference, event);
            for (const { record } of this.callOf(reference)?.late ?? []) record.finish(event.position);
          },
      ),
  },
  {
    name: 'a dead letter that is tried again runs those, too, whose it is not',
    apply: () =>
      replace(
        LateHandlers.prototype,
        'fed',
        (original) =>
          function (this: LateHandlers, reference, event) {
            original.call(this, reference, { ...event, isUnfinished: event.isUnfinished || !!event.letter });
          },
      ),
  },
  {
    name: 'an old event runs in all handlers of its type',
    apply: () => replace(LateHandlers.prototype, 'onlyOf', () => () => undefined),
  },
  {
    name: 'whose a dead letter is is not noted',
    apply: () => replace(LateHandlers.prototype, 'buried', () => () => ['millrace:lanes']),
  },
  {
    name: 'what is given up is not noted for a late handler',
    from: 200,
    apply: () => replace(LateHandlers.prototype, 'discard', () => () => {}),
  },
  {
    name: 'events of other types count as done to a late handler, and its own with them',
    apply: () =>
      replace(
        LateHandlers.prototype,
        'isLeft',
        (original) =>
          function (this: LateHandlers, type, position) {
            return original.call(this, position % 5 === 0 ? undefined : type, position);
          },
      ),
  },
];
