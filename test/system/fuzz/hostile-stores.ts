import { zstdCompressSync } from 'node:zlib';
import Database from 'better-sqlite3';
import type { StoredSegment } from '../../../dist/src/store/segments/stored-segment.js';
import { editEvents, putSegment, type SegmentEvent } from '../../support/segment-edit.js';

/** What is done to a good store, and whether what it leaves could never have been made by an engine. */
export interface Hostility {
  readonly name: string;
  readonly change: (database: Database.Database) => void;
}

const sql = (name: string, ...statements: readonly string[]): Hostility => ({
  name,
  change: (database) => {
    for (const statement of statements) database.exec(statement);
  },
});

const TABLES = [
  'meta',
  'event_types',
  'payload_shapes',
  'readme',
  'names',
  'segments',
  'runs',
  'run_pages',
  'progress',
  'progress_chunks',
  'dead_letters',
] as const;

/** Puts something else in the place of a table, under its name. */
const instead = (table: string, what: string, create: string): Hostility =>
  sql(`${table} is ${what}`, `ALTER TABLE ${table} RENAME TO hidden`, create);

/** The columns of the segments, for views that pretend to be them. */
const SEGMENT = 'first, count, names, shapes, chain, bytes, packed, checksum, types, body';

export const WRONG_PAGES = 'a table whose pages are those of another one';

/** Schemas that look like ours: found before anything of them is used. */
export const SCHEMAS: readonly Hostility[] = [
  ...TABLES.map((table) => sql(`${table} is missing`, `DROP TABLE ${table}`)),
  ...TABLES.map((table) =>
    instead(table, 'a view of itself', `CREATE VIEW ${table} AS SELECT * FROM hidden`),
  ),
  ...TABLES.map((table) =>
    sql(
      `${table} has no types and no keys`,
      `ALTER TABLE ${table} RENAME TO hidden`,
      `CREATE TABLE ${table} AS SELECT * FROM hidden`,
      'DROP TABLE hidden',
    ),
  ),
  instead(
    'segments',
    'a view without an end',
    `CREATE VIEW segments (${SEGMENT}) AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)
     SELECT n, 1, 1, 1, 0, 1, 0, 0, x'01', x'01' FROM c`,
  ),
  instead(
    'segments',
    'a view of enormous bodies',
    `CREATE VIEW segments (${SEGMENT}) AS SELECT first, count, names, shapes, chain, bytes, packed, checksum, types, zeroblob(900000000) FROM hidden`,
  ),
  instead(
    'names',
    'a view of enormous names',
    'CREATE VIEW names (block, first, count, checksum, body) AS SELECT block, first, count, checksum, zeroblob(900000000) FROM hidden',
  ),
  instead(
    'names',
    'a virtual table',
    'CREATE VIRTUAL TABLE names USING fts5(block, first, count, checksum, body)',
  ),
  sql('a column too many', 'ALTER TABLE segments ADD COLUMN extra TEXT'),
  sql('a column less', 'ALTER TABLE segments DROP COLUMN types'),
  sql('a column of another name', 'ALTER TABLE segments RENAME COLUMN body TO payload'),
  ...['segments', 'names', 'runs'].map((table) =>
    sql(
      `a trigger that deletes events when ${table} grows`,
      `CREATE TRIGGER hostile AFTER INSERT ON ${table} BEGIN DELETE FROM segments; END`,
    ),
  ),
  sql(
    'a trigger that deletes events when a dead letter changes',
    'CREATE TRIGGER hostile AFTER INSERT ON dead_letters BEGIN DELETE FROM segments; END',
  ),
  sql(
    'a trigger that deletes events when a dead letter goes',
    'CREATE TRIGGER hostile AFTER DELETE ON dead_letters BEGIN DELETE FROM segments; END',
  ),
  instead(
    'dead_letters',
    'a view without an end',
    `CREATE VIEW dead_letters (position, key, state, attempts, handler, owners, lane, first_failed_at, failed_at, error, retry, checksum) AS
     WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n, 1, 'parked', 1, 'h', '[]', 0, 0, 0, '{}', 0, 0 FROM c`,
  ),
  sql(
    'a trigger that forges the progress',
    'CREATE TRIGGER hostile AFTER UPDATE ON progress BEGIN UPDATE progress SET mark = 0; END',
  ),
  sql(
    'an index that is unique',
    'DELETE FROM segments WHERE first > 1',
    'CREATE UNIQUE INDEX hostile ON segments (count)',
  ),
  {
    name: 'SQL in the schema that is none',
    change: (database) => {
      writeSchema(
        database,
        "UPDATE sqlite_schema SET sql = 'CREATE TABLE names (block; DROP TABLE segments' WHERE name = 'names'",
      );
    },
  },
  {
    name: WRONG_PAGES,
    change: (database) => {
      writeSchema(
        database,
        "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'segments') WHERE name = 'names'",
      );
    },
  },
];

/** Changes the schema table itself, past everything that SQLite checks. */
function writeSchema(database: Database.Database, statement: string): void {
  database.unsafeMode(true);
  database.pragma('writable_schema = ON');
  database.exec(statement);
}

/** Changes the event at a position, in a segment whose own checksum is right. */
const event = (name: string, position: number, change: Partial<SegmentEvent>): Hostility => ({
  name,
  change: (database) =>
    editEvents(database, (one) => {
      if (one.position === position) Object.assign(one, change);
    }),
});

const bomb = (name: string, bytes: Buffer): Hostility => ({
  name: `a payload of ${name}`,
  change: (database) =>
    editEvents(database, (one) => {
      if (one.position === 3) one.data = bytes;
      if (one.position === 5) one.metadata = bytes;
    }),
});

/** Puts something else in the place of the first segment's body, which says that it is compressed, or that it is not. */
const body = (name: string, bytes: Buffer, says: { packed: number; bytes: number }): Hostility => ({
  name: `a segment of ${name}`,
  change: (database) => {
    const row = database.prepare('SELECT * FROM segments WHERE first = 1').get() as StoredSegment;
    putSegment(database, { ...row, ...says, body: bytes });
  },
});

const repeated = (count: number, ...bytes: number[]) =>
  Buffer.alloc(count * bytes.length, Buffer.from(bytes));

/** Rows that no engine would write, in tables that are ours. */
export const ROWS: readonly Hostility[] = [
  bomb('arrays in each other', repeated(1e6, 0x91)),
  bomb('maps in each other', repeated(1e6, 0x81, 0xa1, 0x61)),
  bomb('arrays that say they are long', repeated(2000, 0xdd, 0x01, 0xff, 0xff, 0xff)),
  bomb('text that says it is long', Buffer.from([0xdb, 0xff, 0xff, 0xff, 0xff])),
  bomb('a record of a shape that is not there', Buffer.from([0x5f, 1])),
  bomb('a shape of its own', Buffer.from([0xd4, 0x72, 0x40, 0x91, 0xa1, 0x7a, 1])),
  bomb('an error', Buffer.from('d46500 93a4 6576616c a3312b31 c0'.replaceAll(' ', ''), 'hex')),
  bomb('a regular expression', Buffer.from('d47800 92 a6 28612b292b24 a0'.replaceAll(' ', ''), 'hex')),
  bomb(
    '__proto__',
    Buffer.concat([Buffer.from([0x81, 0xa9]), Buffer.from('__proto__'), Buffer.from([0x81, 0xa1, 0x61, 1])]),
  ),
  bomb('16 megabytes', repeated(16e6, 0x01)),
  bomb('nothing', Buffer.alloc(0)),
  body('a gigabyte in a few bytes', zstdCompressSync(Buffer.alloc(1e9)), { packed: 1, bytes: 1000 }),
  body('more than it says', zstdCompressSync(Buffer.alloc(5000)), { packed: 1, bytes: 4999 }),
  body('less than it says', zstdCompressSync(Buffer.alloc(5000)), { packed: 1, bytes: 5001 }),
  body('what zstd cannot read', Buffer.alloc(500, 0xfd), { packed: 1, bytes: 5000 }),
  body('nothing', Buffer.alloc(0), { packed: 0, bytes: 1 }),
  body('zeroes', Buffer.alloc(5000), { packed: 0, bytes: 5000 }),
  body('columns without an end', Buffer.alloc(5000, 0x84), { packed: 0, bytes: 5000 }),
  body('numbers of odd widths', Buffer.alloc(5000, 0x37), { packed: 0, bytes: 5000 }),
  sql('a segment of more events than there are', 'UPDATE segments SET count = count + 1 WHERE first = 1'),
  sql('a segment of a million events', 'UPDATE segments SET count = 1000000 WHERE first = 1'),
  sql('names of nothing', "UPDATE names SET body = x''"),
  sql('names of zeroes', 'UPDATE names SET body = zeroblob(length(body))'),
  sql('names that are no text', "UPDATE names SET body = CAST(replace(body, 'a', x'ff') AS BLOB)"),
  sql('names with numbers of others', 'UPDATE names SET first = first + 1000'),
  sql('no names', 'DELETE FROM names'),
  sql('no event types', 'DELETE FROM event_types'),
  sql('an event type with an enormous number', 'UPDATE event_types SET id = 4000000000 WHERE id = 1'),
  sql('an event type with a larger number', 'UPDATE event_types SET id = 9007199254740993 WHERE id = 1'),
  sql('volatile fields that are no JSON', "UPDATE event_types SET volatile = '['"),
  sql('volatile fields that are no list', 'UPDATE event_types SET volatile = \'{"length": 4000000000}\''),
  sql('an event type named __proto__', "UPDATE event_types SET name = '__proto__' WHERE id = 1"),
  sql('shapes that are no JSON', "UPDATE payload_shapes SET keys = '['"),
  sql('shapes that are no lists', "UPDATE payload_shapes SET keys = '5'"),
  sql('shapes of lists', 'UPDATE payload_shapes SET keys = \'[["a"], {"toString": 1}]\''),
  sql(
    'shapes with code in them',
    `UPDATE payload_shapes SET keys = '["a:1}),process.exit(3),({b", "__proto__"]'`,
  ),
  sql('shapes with gaps', 'UPDATE payload_shapes SET id = id + 300'),
  sql(
    'a segment behind the largest position',
    'UPDATE segments SET first = 9007199254740992 WHERE first = 1',
  ),
  sql('a segment at the largest integer', 'UPDATE segments SET first = 9223372036854775807 WHERE first = 1'),
  sql('a segment before the first one', 'UPDATE segments SET first = -5 WHERE first = 1'),
  event('a version without an end', 4, { version: 0xffff_ffff }),
  event('no version', 4, { version: 0 }),
  event('an aggregate that has no name', 4, { aggregate: 0xffff_ffff }),
  event('a time that is none', 4, { occurredAt: Number.NaN }),
  event('an endless cause', 4, { causation: Number.POSITIVE_INFINITY }),
  sql('no run id', 'DELETE FROM meta'),
  sql('a run id of bytes', "UPDATE meta SET value = x'00'"),
  sql('a run id of 5 megabytes', "UPDATE meta SET value = printf('%.*c', 5000000, 'x')"),
  sql('no progress', 'DELETE FROM progress'),
  sql('progress beyond the log', 'UPDATE progress SET mark = 9007199254740992, indexed = 9007199254740992'),
  sql('progress before the log', 'UPDATE progress SET mark = -9007199254740992, indexed = -1'),
  sql('a chunk of no bits', "INSERT OR REPLACE INTO progress_chunks SELECT 0, x'', 0"),
  sql(
    'a chunk far away',
    'INSERT OR REPLACE INTO progress_chunks SELECT 9007199254740991, zeroblob(1024), 0',
  ),
  sql(
    'a chunk of far too many bits',
    'INSERT OR REPLACE INTO progress_chunks SELECT 1, zeroblob(30000000), 0',
  ),
  sql('runs that begin elsewhere', 'UPDATE runs SET low = 4000000000000'),
  sql('runs that are cut off', "UPDATE runs SET fences = x'010203'"),
  sql('runs of zeroes', 'UPDATE runs SET fences = zeroblob(80000)'),
  sql('runs without pages', 'DELETE FROM run_pages'),
  sql('pages of zeroes', 'UPDATE run_pages SET body = zeroblob(4000)'),
  sql('pages without an end', "UPDATE run_pages SET body = x'ffffffffffffffffffff'"),
  sql('counts beyond all versions', 'UPDATE runs SET count = 9007199254740992'),
];

const GIANT = 100_000_000;

/** Values of 100 megabytes, in each column that holds text or bytes, and where a number belongs. */
export const GIANTS: readonly Hostility[] = [
  ...(
    [
      ['readme', 'text', 'line = 1'],
      ['event_types', 'name', 'id = 1'],
      ['event_types', 'volatile', 'id = 1'],
      ['payload_shapes', 'keys', 'id = 0'],
      ['meta', 'value', "key = 'run'"],
    ] as const
  ).map(([table, column, where]) =>
    sql(
      `${table}.${column} of 100 megabytes`,
      `UPDATE ${table} SET ${column} = printf('%.*c', ${GIANT}, 'x') WHERE ${where}`,
    ),
  ),
  ...(
    [
      ['segments', 'body', 'first = 1'],
      ['segments', 'types', 'first = 1'],
      ['names', 'body', 'block = 1'],
      ['runs', 'fences', 'kind = 2'],
      ['run_pages', 'body', 'id > 0'],
    ] as const
  ).map(([table, column, where]) =>
    sql(
      `${table}.${column} of 100 megabytes`,
      `UPDATE ${table} SET ${column} = zeroblob(${GIANT}) WHERE ${where}`,
    ),
  ),
  sql(
    'progress_chunks.bits of 100 megabytes',
    `INSERT OR REPLACE INTO progress_chunks SELECT 1, zeroblob(${GIANT}), 0`,
  ),
  ...['handler', 'owners', 'error'].map((column) =>
    sql(
      `dead_letters.${column} of 100 megabytes`,
      "INSERT OR REPLACE INTO dead_letters VALUES (3, 1, 'parked', 1, 'h', '[]', 0, 0, 0, '{}', 0, 0)",
      `UPDATE dead_letters SET ${column} = printf('%.*c', ${GIANT}, 'x')`,
    ),
  ),
];

/** Opens a store for changing it. */
export function change(path: string, { change: work }: Hostility): void {
  const database = new Database(path);
  try {
    work(database);
    database.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    database.close();
  }
}
