import Database from 'better-sqlite3';

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
  'names',
  'events',
  'event_index',
  'event_runs',
  'batches',
  'progress',
  'progress_chunks',
  'dead_letters',
] as const;

/** Puts something else in the place of a table, under its name. */
const instead = (table: string, what: string, create: string): Hostility =>
  sql(`${table} is ${what}`, `ALTER TABLE ${table} RENAME TO hidden`, create);

/** The columns of the events, for views that pretend to be them. */
const EVENT = 'position, type, aggregate, version, occurred_at, data, partition_key, causation, metadata';

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
    'events',
    'a view without an end',
    `CREATE VIEW events (${EVENT}) AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)
     SELECT n, 1, 1, n, 0, x'01', NULL, NULL, NULL FROM c`,
  ),
  instead(
    'events',
    'a view of enormous payloads',
    `CREATE VIEW events (${EVENT}) AS SELECT position, type, aggregate, version, 0, zeroblob(900000000), NULL, NULL, NULL FROM hidden`,
  ),
  instead(
    'names',
    'a view of enormous names',
    "CREATE VIEW names (id, name) AS SELECT id, printf('%.*c', 900000000, 'x') FROM hidden",
  ),
  instead('names', 'a virtual table', 'CREATE VIRTUAL TABLE names USING fts5(id, name)'),
  sql('a column too many', 'ALTER TABLE events ADD COLUMN extra TEXT'),
  sql('a column less', 'DROP VIEW event_log', 'ALTER TABLE events DROP COLUMN metadata'),
  sql('a column of another name', 'ALTER TABLE events RENAME COLUMN data TO payload'),
  ...['events', 'names', 'batches'].map((table) =>
    sql(
      `a trigger that deletes events when ${table} grows`,
      `CREATE TRIGGER hostile AFTER INSERT ON ${table} BEGIN DELETE FROM events; END`,
    ),
  ),
  sql(
    'a trigger that deletes events when a dead letter changes',
    'CREATE TRIGGER hostile AFTER INSERT ON dead_letters BEGIN DELETE FROM events; END',
  ),
  sql(
    'a trigger that deletes events when a dead letter goes',
    'CREATE TRIGGER hostile AFTER DELETE ON dead_letters BEGIN DELETE FROM events; END',
  ),
  instead(
    'dead_letters',
    'a view without an end',
    `CREATE VIEW dead_letters (position, key, state, attempts, handler, lane, first_failed_at, failed_at, error, retry, checksum) AS
     WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n, 1, 'parked', 1, 'h', 0, 0, 0, '{}', 0, 0 FROM c`,
  ),
  sql(
    'a trigger that forges the progress',
    'CREATE TRIGGER hostile AFTER UPDATE ON progress BEGIN UPDATE progress SET mark = 0; END',
  ),
  sql(
    'an index that is unique',
    'DELETE FROM events WHERE position > 1',
    'CREATE UNIQUE INDEX hostile ON events (type)',
  ),
  {
    name: 'SQL in the schema that is none',
    change: (database) => {
      writeSchema(
        database,
        "UPDATE sqlite_schema SET sql = 'CREATE TABLE names (id; DROP TABLE events' WHERE name = 'names'",
      );
    },
  },
  {
    name: WRONG_PAGES,
    change: (database) => {
      writeSchema(
        database,
        "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'events') WHERE name = 'names'",
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

const bomb = (name: string, bytes: Buffer): Hostility => ({
  name: `a payload of ${name}`,
  change: (database) => {
    database.prepare('UPDATE events SET data = ? WHERE position = 3').run(bytes);
    database.prepare('UPDATE events SET metadata = ? WHERE position = 5').run(bytes);
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
  sql('names with SQL in them', "UPDATE names SET name = '''; DROP TABLE events; -- ' || id"),
  sql('a name of 5 megabytes', "UPDATE names SET name = printf('%.*c', 5000000, 'x') WHERE id = 1"),
  sql('names that are no text', "UPDATE names SET name = CAST(x'ff00fe' || id AS TEXT)"),
  sql('names of nothing', "UPDATE names SET name = '' WHERE id = 1"),
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
    'an event behind the largest position',
    `INSERT INTO events SELECT 9007199254740992, ${EVENT.slice(10)} FROM events WHERE position = 1`,
  ),
  sql(
    'an event at the largest integer',
    `INSERT INTO events SELECT 9223372036854775807, ${EVENT.slice(10)} FROM events WHERE position = 1`,
  ),
  sql(
    'an event before the first one',
    `INSERT INTO events SELECT -5, ${EVENT.slice(10)} FROM events WHERE position = 1`,
  ),
  sql(
    'versions without an end',
    'UPDATE events SET version = 9007199254740992',
    'UPDATE event_index SET version = 9007199254740992 WHERE aggregate = 1',
  ),
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
  sql('runs that lead nowhere', 'UPDATE event_index SET base = 4000000000000, offsets = zeroblob(8)'),
  sql('runs that lead back', 'UPDATE event_index SET base = 1, offsets = zeroblob(4000)'),
  sql('runs that are cut off', "UPDATE event_index SET offsets = x'010203'"),
  sql('runs of nothing', 'UPDATE event_index SET offsets = NULL, run = NULL'),
  sql(
    'runs of 8 megabytes',
    'UPDATE event_index SET offsets = zeroblob(8000000), count = 2000000 WHERE aggregate = 1',
  ),
  sql('counts beyond all versions', 'UPDATE event_index SET count = 9007199254740992'),
];

const GIANT = 100_000_000;

/** Values of 100 megabytes, in each column that holds text or bytes, and where a number belongs. */
export const GIANTS: readonly Hostility[] = [
  ...(
    [
      ['names', 'name', 'id = 1'],
      ['event_types', 'name', 'id = 1'],
      ['event_types', 'volatile', 'id = 1'],
      ['payload_shapes', 'keys', 'id = 0'],
      ['meta', 'value', "key = 'run'"],
      ['events', 'type', 'position = 3'],
      ['events', 'aggregate', 'position = 3'],
    ] as const
  ).map(([table, column, where]) =>
    sql(
      `${table}.${column} of 100 megabytes`,
      `UPDATE ${table} SET ${column} = printf('%.*c', ${GIANT}, 'x') WHERE ${where}`,
    ),
  ),
  ...(
    [
      ['events', 'data', 'position = 3'],
      ['events', 'metadata', 'position = 3'],
      ['event_index', 'offsets', 'aggregate = 1'],
      ['batches', 'checks', 'last > 0'],
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
  ...['handler', 'error'].map((column) =>
    sql(
      `dead_letters.${column} of 100 megabytes`,
      "INSERT OR REPLACE INTO dead_letters VALUES (3, 1, 'parked', 1, 'h', 0, 0, 0, '{}', 0, 0)",
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
