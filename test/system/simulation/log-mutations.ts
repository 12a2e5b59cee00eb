import { SegmentColumns } from '../../../dist/src/store/segments/body.js';
import { Indexer } from '../../../dist/src/store/segments/indexer.js';
import { NameWriter } from '../../../dist/src/store/segments/name-writer.js';
import { Packer } from '../../../dist/src/store/segments/packer.js';
import { RunTable } from '../../../dist/src/store/segments/run-table.js';
import { RunWriter } from '../../../dist/src/store/segments/run-writer.js';
import { ProgressTable } from '../../../dist/src/store/tables/progress-table.js';
import { Writer } from '../../../dist/src/store/writer.js';
import { type Mutation, replace } from './mutate.js';

/** Bugs of segments, packing and tiers. */
export const LOG_MUTATIONS: readonly Mutation[] = [
  {
    name: 'a packed segment is one event short',
    apply: () =>
      replace(
        Writer.prototype,
        'applyPacked',
        (original) =>
          function (this: Writer, result) {
            // The last event of each goes with the segments that it replaces.
            const packed = result.packed.map((one) => ({
              ...one,
              segment: { ...one.segment, count: one.segment.count - 1 },
            }));
            return original.call(this, { ...result, packed });
          },
      ),
  },
  {
    name: 'a packed segment has the columns of its parts in the wrong places',
    apply: () =>
      replace(
        SegmentColumns.prototype,
        'append',
        (original) =>
          function (this: SegmentColumns, at, from, count) {
            original.call(this, Math.max(0, at - 1), from, count);
          },
      ),
  },
  {
    name: 'a packed segment forgets the chain',
    apply: () =>
      replace(
        Packer.prototype,
        'pack',
        (original) =>
          function (this: Packer, after, until) {
            const { packed, done } = original.call(this, after, until);
            return { packed: packed.map((one) => ({ ...one, segment: { ...one.segment, chain: 0 } })), done };
          },
      ),
  },
  {
    name: 'the runs that were merged stay',
    apply: () => replace(RunTable.prototype, 'drop', () => () => {}),
  },
  {
    name: 'a run is about one event more than it has',
    apply: () =>
      replace(
        RunWriter.prototype,
        'add',
        (original) =>
          function (this: RunWriter, key, version, value) {
            if (version % 7 !== 6) original.call(this, key, version, value);
          },
      ),
  },
  {
    name: 'a pass notes that it went one event further than it did',
    apply: () =>
      replace(
        ProgressTable.prototype,
        'saveIndexed',
        (original) =>
          function (this: ProgressTable, indexed) {
            original.call(this, indexed + 1);
          },
      ),
  },
  {
    name: 'a killed process leaves its tail out of the index for good',
    apply: () => replace(Indexer.prototype, 'addEvent', (original) => skipFirst(original)),
  },
  {
    name: 'names of one transaction lie in a block that begins one too late',
    apply: () =>
      replace(
        NameWriter.prototype,
        'add',
        (original) =>
          function (this: NameWriter, slab, row) {
            slab.aggregate[row] = (slab.aggregate[row] as number) + 1;
            const added = original.call(this, slab, row);
            slab.aggregate[row] = (slab.aggregate[row] as number) - 1;
            return added;
          },
      ),
  },
];

/** Leaves out every fiftieth call. */
function skipFirst(original: Indexer['addEvent']): Indexer['addEvent'] {
  let calls = 0;
  return function (this: Indexer, aggregate, version) {
    if (++calls % 50 !== 0) original.call(this, aggregate, version);
  };
}
