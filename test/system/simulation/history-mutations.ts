import { PastReader } from '../../../dist/src/engine/reading/past-reader.js';
import { KeyRuns } from '../../../dist/src/engine/sequence/key-runs.js';
import { type Mutation, replace } from './mutate.js';

/** Bugs of what handlers read of the past. */
export const HISTORY_MUTATIONS: readonly Mutation[] = [
  {
    name: 'a history has what lies behind its event',
    apply: () =>
      replace(
        PastReader.prototype,
        'page',
        (original) =>
          function (this: PastReader, query) {
            return original.call(this, { ...query, until: Number.POSITIVE_INFINITY });
          },
      ),
  },
  {
    name: 'a history is read before all of it is durable',
    from: 20,
    apply: () =>
      replace(
        PastReader.prototype,
        'reach',
        () =>
          async function (this: PastReader, _reference, position) {
            return position - 1;
          },
      ),
  },
  {
    name: 'an event that runs ahead does not wait for those before it to be numbered',
    part: 'same',
    apply: () => replace(KeyRuns.prototype, 'isNext', () => () => true),
  },
];
