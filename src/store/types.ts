import type { StoredType } from '../events/registry.js';
import type { Shape } from '../events/shape-index.js';
import { StoreCorruptError } from '../kernel/errors.js';
import { MAX_NAME_BYTES, MAX_STORED_TYPES } from '../limits.js';
import { rowCheck } from './checksum.js';
import { MAX_KEYS_BYTES, MAX_WORD_BYTES } from './limits.js';
import { measured } from './measured.js';
import { blockFinder, NameBlock } from './segments/name-blocks.js';
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

/** The highest number of a name; 0 when there is none. @throws StoreCorruptError when its block is not what was written. */
export function readLastName(database: Sqlite): number {
  const row = blockFinder(database)(Number.MAX_SAFE_INTEGER);
  if (!row) return 0;
  const { first, count } = new NameBlock(row);
  return first + count - 1;
}

/** A row of `payload_shapes`; of damage, any column may be anything. */
export interface ShapeRow {
  readonly id: number;
  readonly keys: string | null;
  readonly checksum: number;
}

export function readShapeRows(database: Sqlite): readonly ShapeRow[] {
  return database
    .prepare(
      `SELECT id, ${measured('keys', MAX_KEYS_BYTES)} AS keys, checksum FROM payload_shapes ORDER BY id`,
    )
    .all() as ShapeRow[];
}

/** Whether a shape is what was written, as the one of that number. */
export function isWholeShape({ id, keys, checksum }: ShapeRow, number: number): boolean {
  return id === number && keys !== null && checksum === rowCheck([id, keys]);
}

/** The numbered payload shapes of a store. @throws StoreCorruptError */
export function readShapes(database: Sqlite): Shape[] {
  return readShapeRows(database).map((row, number) => {
    const keys = isWholeShape(row, number) ? row.keys : null;
    return parseTexts(database, keys, `payload shape ${number}`);
  });
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
