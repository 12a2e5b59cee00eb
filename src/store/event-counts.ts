import { StoreCorruptError } from '../kernel/errors.js';
import type { SqliteReader } from './sqlite-reader.js';
import { typeOf } from './typed-pages.js';

/** Aggregates in a summary, and how many equally large ones are compared by their names. */
const TOP_AGGREGATES = 10;
const MAX_TIES = 1000;

/** How many events each aggregate and each type has, by their numbers. */
export function countEvents(reader: SqliteReader): {
  readonly aggregates: Map<number, number>;
  readonly types: Map<number, number>;
} {
  const aggregates = new Map<number, number>();
  const types = new Map<number, number>();
  reader.columns(({ count }, { aggregate, type }) => {
    for (let index = 0; index < count; index++) {
      const id = aggregate[index] as number;
      aggregates.set(id, (aggregates.get(id) ?? 0) + 1);
      const kind = type[index] as number;
      types.set(kind, (types.get(kind) ?? 0) + 1);
    }
  });
  return { aggregates, types };
}

/** Event types with the most events first; all versions of a type together. @throws StoreCorruptError */
export function typeCounts(
  reader: SqliteReader,
  path: string,
  counts: ReadonlyMap<number, number>,
): readonly { readonly type: string; readonly count: number }[] {
  const byName = new Map<string, number>();
  for (const [id, count] of counts) {
    const name = typeOf(reader, id)?.name;
    if (name === undefined) {
      throw new StoreCorruptError(
        `Store ${path} is damaged: it has events of the unknown type ${id}. Run 'millrace verify' on it, and restore it from a backup.`,
      );
    }
    byName.set(name, (byName.get(name) ?? 0) + count);
  }
  const types = [...byName].map(([type, count]) => ({ type, count }));
  return types.sort((a, b) => b.count - a.count || (a.type < b.type ? -1 : 1));
}

/** The aggregates with the most events first. */
export function topAggregates(
  reader: SqliteReader,
  counts: ReadonlyMap<number, number>,
): readonly { readonly aggregateId: string; readonly count: number }[] {
  const most = [...counts.values()].sort((a, b) => b - a)[TOP_AGGREGATES - 1] ?? 0;
  return [...counts]
    .filter(([, count]) => count >= most)
    .slice(0, MAX_TIES)
    .map(([id, count]) => ({ aggregateId: reader.nameOf(id), count }))
    .sort((a, b) => b.count - a.count || (a.aggregateId < b.aggregateId ? -1 : 1))
    .slice(0, TOP_AGGREGATES);
}
