import type { Shape } from '../events/shape-index.js';
import { MAX_NAME_BYTES, MAX_STORED_TYPES, MAX_VERIFY_PROBLEMS } from '../limits.js';
import { rowCheck, typeHash } from './checksum.js';
import { MAX_KEYS_BYTES, MAX_WORD_BYTES } from './limits.js';
import { measured } from './measured.js';
import { type ChunkRow, type ProgressRow, readChunkRows, readProgressRow } from './progress-table.js';
import { FORMAT_VERSION } from './schema.js';
import { schemaFaults } from './schema-check.js';
import type { Sqlite } from './sqlite.js';
import { verifyFreePages } from './verify-header.js';
import type { Problems } from './verify-problems.js';

/** What a store said of itself at one moment; an engine that has it open may go on writing. */
export interface StoreFacts {
  readonly run: string;
  /** The last position that events or checksums speak of. */
  readonly last: number;
  readonly names: number;
  /** Names that the log had after its last batch. */
  readonly namesWritten: number;
  /** `typeHash` by type id. */
  readonly types: ReadonlyMap<number, number>;
  /** The shapes, and their text as stored. */
  readonly shapes: readonly Shape[];
  readonly shapeTexts: readonly string[];
  readonly progress: ProgressRow | undefined;
  readonly chunks: readonly ChunkRow[];
}

/** Has SQLite check its pages and indexes, and compares the tables with those of a new store. */
export function verifyStructure(database: Sqlite, problems: Problems): void {
  problems.reading('structure', () => {
    const rows = database.pragma(`integrity_check(${MAX_VERIFY_PROBLEMS})`) as { integrity_check: string }[];
    for (const { integrity_check: message } of rows) {
      if (message === 'ok') continue;
      const text = message.replace(/^\*\*\* in database main \*\*\*\n/, '').replaceAll('\n', '; ');
      problems.add('structure', `SQLite finds: ${text}.`);
    }
  });
  problems.reading('structure', () => verifyFreePages(database, problems));
  problems.reading('schema', () => {
    const format = database.pragma('user_version', { simple: true });
    if (format !== FORMAT_VERSION) {
      problems.add('schema', `The file says that it has format ${format}; there is no such format.`);
    }
    for (const fault of schemaFaults(database)) problems.add('schema', fault);
  });
}

/** Reads what the rest of the verification needs. @throws when it cannot be read. */
export function readFacts(database: Sqlite, problems: Problems): StoreFacts {
  return database.transaction(() => {
    const number = (sql: string) => Number(database.prepare(sql).pluck().get() ?? 0);
    const run = database
      .prepare(`SELECT ${measured('value', MAX_NAME_BYTES)} FROM meta WHERE key = 'run'`)
      .pluck()
      .get();
    if (typeof run !== 'string') problems.add('definition', 'The run id is missing, or too long.');
    const shapeTexts = readShapeTexts(database, problems);
    return {
      run: String(run),
      last: Math.max(number('SELECT max(position) FROM events'), number('SELECT max(last) FROM batches')),
      names: number('SELECT count(*) FROM names'),
      namesWritten: number('SELECT names FROM batches ORDER BY last DESC LIMIT 1'),
      types: readTypeHashes(database, problems),
      shapeTexts,
      shapes: shapeTexts.map((text) => parseShape(text)),
      progress: readProgressRow(database),
      chunks: readChunkRows(database),
    };
  })();
}

function readTypeHashes(database: Sqlite, problems: Problems): Map<number, number> {
  const rows = database
    .prepare(
      `SELECT id, ${measured('name', MAX_WORD_BYTES)} AS name, version, ${measured('volatile', MAX_KEYS_BYTES)} AS volatile,
       checksum FROM event_types LIMIT ${MAX_STORED_TYPES}`,
    )
    .all() as {
    readonly id: number;
    readonly name: string | null;
    readonly version: number;
    readonly volatile: string | null;
    readonly checksum: number;
  }[];
  return new Map(
    rows.map(({ id, name, version, volatile, checksum }) => {
      if (name === null || volatile === null || checksum !== rowCheck([name, version, volatile])) {
        const named = name === null ? 'with a name that is too long' : `now named '${name}'`;
        problems.add('definition', `Event type ${id}, ${named}, is not what was written.`);
      }
      return [id, typeHash(id, String(name), version)];
    }),
  );
}

function readShapeTexts(database: Sqlite, problems: Problems): string[] {
  const rows = database
    .prepare(`SELECT id, ${measured('keys', MAX_KEYS_BYTES)} FROM payload_shapes ORDER BY id`)
    .raw()
    .all();
  return (rows as [number, unknown][]).map(([id, keys], index) => {
    const text = String(keys);
    if (id !== index || parseShape(text).length === 0) {
      problems.add('definition', `Payload shape ${index} is missing, too long, or not a list of keys.`);
    }
    return text;
  });
}

/** The keys of a shape; none when the text is no list of them. */
function parseShape(text: string): Shape {
  try {
    const keys: unknown = JSON.parse(text);
    return Array.isArray(keys) && keys.every((key) => typeof key === 'string') ? keys : [];
  } catch {
    // Damaged text: reported by whoever meets the empty shape.
    return [];
  }
}
