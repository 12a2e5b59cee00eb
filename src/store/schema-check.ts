import { StoreCorruptError } from '../kernel/errors.js';
import { MAX_SCHEMA_SQL_BYTES, MAX_WORD_BYTES } from './limits.js';
import { measured } from './measured.js';
import { SCHEMA } from './schema.js';
import { loadSqlite, type Sqlite } from './sqlite.js';
import { COMMAND_SCHEMA, COMMAND_TABLES } from './tables/command-schema.js';
import { CONSUMER_SCHEMA, CONSUMER_TABLES } from './tables/consumer-schema.js';
import { PROCESSING_SCHEMA, PROCESSING_TABLES } from './tables/processing-schema.js';
import { SNAPSHOT_SCHEMA, SNAPSHOT_TABLES } from './tables/snapshot-schema.js';
import { STATE_SCHEMA, STATE_TABLES } from './tables/state-schema.js';
import { TIMER_SCHEMA, TIMER_TABLES } from './tables/timer-schema.js';

/** A table, index, view or trigger: the SQL that made it, and the table that it belongs to. */
interface SchemaObject {
  readonly sql: unknown;
  readonly table: string;
}

/** What a new file of each schema has; made once, because it takes a millisecond. */
const known = new Map<string, ReadonlyMap<string, SchemaObject>>();

/**
 * Refuses a store whose tables only bear the names of ours, before anything of them is used: a view in a table's
 * place may have no end, and a trigger may delete what it sees inserted. What else is in the file is not looked
 * at: replicators keep tables of their own in the file that they replicate.
 *
 * @throws StoreCorruptError
 */
export function checkSchema(database: Sqlite, schema?: string): void {
  const [fault] = schemaFaults(database, schema);
  if (fault === undefined) return;
  throw new StoreCorruptError(
    `Store ${database.name} is damaged, or not made by Millrace: ${fault} It was not changed; restore it from a backup.`,
  );
}

/** What is missing, not as Millrace made it, or added to its tables; a sentence each. */
export function schemaFaults(database: Sqlite, schema?: string): string[] {
  const found = schemaOf(database);
  const sql = schema ?? logSchema(found);
  const expected = known.get(sql) ?? newSchema(sql);
  known.set(sql, expected);
  const names = new Set([...expected.keys()].map((name) => name.slice(name.indexOf(' ') + 1)));
  const faults = [...expected]
    .filter(([name, { sql }]) => found.get(name)?.sql !== sql)
    .map(([name]) => `'${name}' is ${found.has(name) ? 'not as Millrace made it' : 'missing'}.`);
  for (const [name, { table }] of found) {
    if (names.has(table) && !expected.has(name)) faults.push(`'${name}' is not Millrace's.`);
  }
  return faults;
}

/** What a log must have: the tables of consumers all together, or none of them; those of an event bus, of states, of timers, of snapshots and of commands likewise. */
function logSchema(found: ReadonlyMap<string, SchemaObject>): string {
  const tables = [...found.values()].map(({ table }) => table);
  const consumers = tables.some((table) => CONSUMER_TABLES.has(table)) ? CONSUMER_SCHEMA : '';
  const processing = tables.some((table) => PROCESSING_TABLES.has(table)) ? PROCESSING_SCHEMA : '';
  const states = tables.some((table) => STATE_TABLES.has(table)) ? STATE_SCHEMA : '';
  const timers = tables.some((table) => TIMER_TABLES.has(table)) ? TIMER_SCHEMA : '';
  const snapshots = tables.some((table) => SNAPSHOT_TABLES.has(table)) ? SNAPSHOT_SCHEMA : '';
  const commands = tables.some((table) => COMMAND_TABLES.has(table)) ? COMMAND_SCHEMA : '';
  return SCHEMA + consumers + processing + states + timers + snapshots + commands;
}

function newSchema(schema: string): ReadonlyMap<string, SchemaObject> {
  const Database = loadSqlite();
  const fresh = new Database(':memory:');
  try {
    fresh.exec(schema);
    return schemaOf(fresh);
  } finally {
    fresh.close();
  }
}

/** By kind and name. SQLite's names have no case. */
function schemaOf(database: Sqlite): ReadonlyMap<string, SchemaObject> {
  const rows = database
    .prepare(`SELECT type || ' ' || name, ${measured('sql', MAX_SCHEMA_SQL_BYTES)}, lower(tbl_name) FROM sqlite_schema
       WHERE octet_length(name) <= ${MAX_WORD_BYTES} AND octet_length(tbl_name) <= ${MAX_WORD_BYTES}`)
    .raw()
    .all() as [string, unknown, string][];
  return new Map(rows.map(([name, sql, table]) => [name, { sql, table }]));
}
