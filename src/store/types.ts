import type { StoredType } from '../events/registry.js';
import type { Shape } from '../events/shape-index.js';
import { StoreCorruptError } from '../kernel/errors.js';
import { MAX_NAME_BYTES, MAX_STORED_TYPES } from '../limits.js';
import { MAX_KEYS_BYTES, MAX_WORD_BYTES } from './limits.js';
import { measured } from './measured.js';
import type { Sqlite } from './sqlite.js';

/** The interned event types of a store. @throws StoreCorruptError */
export function readTypes(database: Sqlite): StoredType[] {
  const rows = database
    .prepare(
      `SELECT id, ${measured('name', MAX_WORD_BYTES)} AS name, version, ${measured('volatile', MAX_KEYS_BYTES)} AS volatile
       FROM event_types ORDER BY id LIMIT ${MAX_STORED_TYPES}`,
    )
    .all() as { id: number; name: string | null; version: number; volatile: string | null }[];
  return rows.map((row) => ({
    ...row,
    id: checkTypeId(database, row.id),
    name: checkTypeName(database, row),
    volatile: parseTexts(database, row.volatile, `the fields of event type '${row.name}'`),
  }));
}

/** Tables are made by type id, so an enormous one must not get through. */
function checkTypeId(database: Sqlite, id: number): number {
  if (id >= 1 && id <= MAX_STORED_TYPES) return id;
  throw new StoreCorruptError(
    `Store ${database.name} is damaged: it has an event type of number ${id}. Restore it from a backup.`,
  );
}

function checkTypeName(database: Sqlite, { id, name }: { id: number; name: string | null }): string {
  if (typeof name === 'string') return name;
  throw new StoreCorruptError(
    `Store ${database.name} is damaged: the name of event type ${id} cannot be read. Restore it from a backup.`,
  );
}

/** The prefix of the store's event ids. @throws StoreCorruptError */
export function readRun(database: Sqlite): string {
  const run = database
    .prepare(`SELECT ${measured('value', MAX_NAME_BYTES)} FROM meta WHERE key = 'run'`)
    .pluck()
    .get();
  if (typeof run === 'string' && run !== '') return run;
  throw new StoreCorruptError(
    `Store ${database.name} is damaged: it has no run id that can be used. Restore it from a backup.`,
  );
}

/**
 * The highest id of a name; 0 when there is none.
 *
 * @throws StoreCorruptError when it has no name: its pages are not those of names.
 */
export function readLastName(database: Sqlite): number {
  const last = database
    .prepare(`SELECT id, ${measured('name', MAX_NAME_BYTES)} AS name FROM names ORDER BY id DESC LIMIT 1`)
    .get() as { id: number; name: unknown } | undefined;
  if (!last) return 0;
  if (typeof last.name === 'string') return last.id;
  throw new StoreCorruptError(
    `Store ${database.name} is damaged: name ${last.id} is missing, or longer than names are. Run 'millrace verify' on it, and restore it from a backup.`,
  );
}

/** The numbered payload shapes of a store. @throws StoreCorruptError */
export function readShapes(database: Sqlite): Shape[] {
  const rows = database
    .prepare(`SELECT ${measured('keys', MAX_KEYS_BYTES)} FROM payload_shapes ORDER BY id`)
    .pluck()
    .all() as (string | null)[];
  return rows.map((keys, index) => parseTexts(database, keys, `payload shape ${index}`));
}

function parseTexts(database: Sqlite, json: string | null, what: string): string[] {
  const texts = json === null ? undefined : tryParse(json);
  if (Array.isArray(texts) && texts.every((text) => typeof text === 'string')) return texts;
  throw new StoreCorruptError(
    `Store ${database.name} is damaged: ${what} cannot be read. Restore it from a backup.`,
  );
}

function tryParse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // The caller says what could not be read.
    return undefined;
  }
}
