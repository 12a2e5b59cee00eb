import type { Sqlite } from './sqlite.js';
import { MAX_STORED_STATE_TYPES, type StateCount } from './state.js';
import { hasStates, readStateTypes } from './tables/state-table.js';

/** How many states there are of each type. @throws StoreCorruptError */
export function stateCounts(database: Sqlite): readonly StateCount[] {
  if (!hasStates(database)) return [];
  const rows = database
    .prepare(
      `SELECT slot % ${MAX_STORED_STATE_TYPES + 1} AS type, count(*) AS keys, sum(octet_length(value)) AS bytes
       FROM states GROUP BY 1`,
    )
    .all() as { readonly type: number; readonly keys: number; readonly bytes: number }[];
  const counts = new Map(rows.map(({ type, keys, bytes }) => [type, { keys, bytes }]));
  return readStateTypes(database).map(({ id, name, version }) => ({
    name,
    version,
    ...(counts.get(id) ?? { keys: 0, bytes: 0 }),
  }));
}
