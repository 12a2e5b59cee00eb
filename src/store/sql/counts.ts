import { StoreCorruptError } from '../../kernel/errors.js';
import { SparseNumbers } from '../../kernel/sparse-numbers.js';
import type { SqlCells, SqlSource } from './source.js';

// Counted over the columns of the segments: no event is decoded for them, and only numbers are kept.

/** Events of each aggregate, with its first and last position, in the order of their first events. */
export function* countAggregates({ reader, last }: SqlSource): Generator<SqlCells> {
  const counts = new SparseNumbers(Uint32Array);
  const first = new SparseNumbers(Float64Array);
  const latest = new SparseNumbers(Float64Array);
  let highest = 0;
  reader.columns((segment, { aggregate }) => {
    for (let index = 0; index < segment.count && segment.first + index <= last; index++) {
      const id = aggregate[index] as number;
      const count = counts.get(id);
      if (count === 0) first.set(id, segment.first + index);
      counts.set(id, count + 1);
      latest.set(id, segment.first + index);
      if (id > highest) highest = id;
    }
  });
  // Names are numbered in the order in which they came.
  for (let id = 1; id <= highest; id++) {
    const count = counts.get(id);
    if (count > 0) yield [reader.nameOf(id), count, first.get(id), latest.get(id)];
  }
}

/** Events of each stored type, with its first and last position; the most frequent first. */
export function* countTypes({ reader, last }: SqlSource): Generator<SqlCells> {
  const counts = new Map<number, { count: number; readonly first: number; latest: number }>();
  reader.columns((segment, { type }) => {
    for (let index = 0; index < segment.count && segment.first + index <= last; index++) {
      const position = segment.first + index;
      const known = counts.get(type[index] as number);
      if (!known) counts.set(type[index] as number, { count: 1, first: position, latest: position });
      else {
        known.count++;
        known.latest = position;
      }
    }
  });
  for (const [id, { count, first, latest }] of [...counts].sort(([, a], [, b]) => b.count - a.count)) {
    const type = reader.types.get(id);
    if (!type) {
      throw new StoreCorruptError(
        `Store ${reader.path} is damaged: it has events of the unknown type ${id}. Run 'millrace verify' on it, and restore it from a backup.`,
        { details: { position: first } },
      );
    }
    yield [type.name, type.version, count, first, latest];
  }
}
