import type { Shape } from '../../events/shape-index.js';
import { MAX_NAME_BYTES, MAX_STORED_TYPES, MAX_VERIFY_PROBLEMS } from '../../limits.js';
import { rowCheck, typeHash } from '../checksum.js';
import { MAX_KEYS_BYTES, MAX_WORD_BYTES } from '../limits.js';
import { measured } from '../measured.js';
import { FORMAT_VERSION } from '../schema.js';
import { schemaFaults } from '../schema-check.js';
import { readLogNumbers } from '../segments/segment-table.js';
import type { Sqlite } from '../sqlite.js';
import { type ChunkRow, type ProgressRow, readChunkRows, readProgressRow } from '../tables/progress-table.js';
import { isWholeShape, readShapeRows, type ShapeRow } from '../types.js';
import { verifyFreePages } from './verify-header.js';
import { IndexVerifier } from './verify-index.js';
import type { NameVerifier } from './verify-names.js';
import type { Problems } from './verify-problems.js';

/** What a store said of itself at one moment; an engine that has it open may go on writing. */
export interface StoreFacts {
  readonly run: string;
  /** The last position. */
  readonly last: number;
  /** `typeHash` by type id. */
  readonly types: ReadonlyMap<number, number>;
  readonly shapes: readonly Shape[];
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
  problems.reading(
    'structure',
    database.transaction(() => verifyFreePages(database, problems)),
  );
  problems.reading('schema', () => {
    const format = database.pragma('user_version', { simple: true });
    if (format !== FORMAT_VERSION) {
      problems.add('schema', `The file says that it has format ${format}; there is no such format.`);
    }
    for (const fault of schemaFaults(database)) problems.add('schema', fault);
  });
}

/** Reads what the rest of the verification needs, and compares the names and their index. @throws when it cannot be read. */
export function readFacts(database: Sqlite, names: NameVerifier, problems: Problems): StoreFacts {
  return database.transaction(() => {
    const run = database
      .prepare(`SELECT ${measured('value', MAX_NAME_BYTES)} FROM meta WHERE key = 'run'`)
      .pluck()
      .get();
    if (typeof run !== 'string') problems.add('definition', 'The run id is missing, or too long.');
    const { position: last, names: named, shapes: written } = readLogNumbers(database);
    verifyNames(database, names, named, problems);
    const shapes = readShapeRows(database).map((row, id) => shapeOf(row, id, problems));
    if (shapes.length < written) {
      problems.add(
        'definition',
        `The log has ${shapes.length} payload shapes where ${written} were written.`,
      );
    }
    return {
      run: String(run),
      last,
      types: readTypeHashes(database, problems),
      shapes,
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

/** Whether there are as many names as were written, and the index has them. */
function verifyNames(database: Sqlite, names: NameVerifier, written: number, problems: Problems): void {
  const index = new IndexVerifier(database, 0, problems);
  let lastBlock = 0;
  problems.reading('index', () => {
    lastBlock = index.lastBlock;
  });
  const all = names.readAll(lastBlock);
  if (all.names !== written) {
    problems.add('definition', `The log has ${all.names} names where ${written} were written.`);
  }
  problems.reading('index', () => index.names(all));
}

function shapeOf(row: ShapeRow, id: number, problems: Problems): Shape {
  const shape = parseShape(String(row.keys));
  if (!isWholeShape(row, id) || shape.length === 0) {
    problems.add('definition', `Payload shape ${id} is missing, or not what was written.`);
  }
  return shape;
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
