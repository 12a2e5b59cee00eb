import type { Shape } from '../events/codec.js';
import type { StoredType } from '../events/registry.js';
import type { Sqlite } from './sqlite.js';

/** The interned event types of a store. */
export function readTypes(database: Sqlite): StoredType[] {
  const rows = database.prepare('SELECT id, name, version, volatile FROM event_types ORDER BY id').all() as {
    id: number;
    name: string;
    version: number;
    volatile: string;
  }[];
  return rows.map((row) => ({ ...row, volatile: JSON.parse(row.volatile) as string[] }));
}

/** The numbered payload shapes of a store. */
export function readShapes(database: Sqlite): Shape[] {
  const rows = database.prepare('SELECT keys FROM payload_shapes ORDER BY id').pluck().all() as string[];
  return rows.map((keys) => JSON.parse(keys) as string[]);
}
