import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { SqlError, SqlReadOnlyError } from 'millrace/errors';
import { openStoreReader, SQL_TABLES, type StoreReader } from 'millrace/store';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Deposited, Noted } from '../../handlers/events.mjs';
import { copyOf, makeStore } from '../../support/damaged-store.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';
import { withEvents } from '../../support/segment-edit.js';
import { tempStore } from '../../support/temp-folder.js';

let store: string;

beforeAll(async () => {
  store = await makeStore();
});

function readerOf(path = store): StoreReader {
  const reader = openStoreReader(path);
  onTestFinished(() => reader.close());
  return reader;
}

const one = (statement: string, ...rest: Parameters<StoreReader['sql']>[1][]) =>
  [...readerOf().sql(statement, ...rest)][0];

describe('sql over a store', () => {
  test('says of every event what read says, column by column', () => {
    const reader = readerOf();
    const rows = [...reader.sql('SELECT * FROM events')];
    const events = [...reader.read()];
    expect(rows).toHaveLength(events.length);
    for (const [index, event] of events.entries()) {
      const { data, metadata, caused_by: causedBy, type_version: version, ...row } = rows[index] ?? {};
      expect(row).toEqual({
        position: event.position,
        type: event.type,
        aggregate_id: event.aggregateId,
        version: event.version,
        timestamp: new Date(event.occurredAt).toISOString(),
        occurred_at: event.occurredAt,
        event_id: event.id,
        key: event.key,
        correlation_id: event.metadata.correlationId,
        causation_id: event.metadata.causationId ?? null,
      });
      expect(JSON.parse(String(data))).toEqual(event.data);
      expect(JSON.parse(String(metadata))).toEqual(event.metadata);
      expect(version).toBe(1);
      const cause = events[Number(causedBy) - 1];
      expect(causedBy === null ? undefined : cause?.id).toBe(event.metadata.causationId);
    }
  });

  test.each([
    "SELECT position, data ->> '$.value' AS value FROM events",
    'SELECT position, correlation_id FROM events',
    'SELECT position, metadata FROM events',
    'SELECT position, timestamp FROM events',
    'SELECT position, "data" FROM events NATURAL JOIN (SELECT 7 AS position)',
    'SELECT DATA, TimeStamp, [metadata] FROM events',
  ])('gives the columns that a statement names, however it names them: %s', (statement) => {
    const [row = {}] = [...readerOf().sql(statement)].filter((each) => each.position !== 1);
    expect(Object.values(row)).not.toContain(null);
  });

  test('groups, joins and looks into payloads', () => {
    const types = [...readerOf().sql('SELECT type, count(*) AS n FROM events GROUP BY type ORDER BY n DESC')];
    expect(types[0]).toEqual({ type: 'note.noted', n: 402 });
    expect(
      one(`SELECT count(*) AS n FROM events WHERE data ->> '$.value' LIKE 'm00%' AND type = 'note.noted'`),
    ).toEqual({ n: 40 });
    const caused = one(`SELECT cause.type AS cause, effect.type AS effect FROM events effect
      JOIN events cause ON cause.position = effect.caused_by WHERE effect.type = 'ledger.credited'`);
    expect(caused).toEqual({ cause: 'account.deposited', effect: 'ledger.credited' });
  });

  test('finds the events of an aggregate, of a range and of a type by functions', () => {
    const reader = readerOf();
    const positions = (statement: string, params: (string | number)[] = []) =>
      [...reader.sql(statement, params)].map((row) => row.position);
    const all = [...reader.read()];
    const at = (keep: (event: (typeof all)[number]) => boolean) =>
      all.filter(keep).map((event) => event.position);
    expect(positions('SELECT position FROM events_of(?)', ['note-3'])).toEqual(
      at((event) => event.aggregateId === 'note-3'),
    );
    expect(positions('SELECT position FROM events_between(?, ?)', [10, 20])).toEqual(
      at((event) => event.position >= 10 && event.position <= 20),
    );
    expect(positions("SELECT position FROM events_of_type('ledger.credited')")).toEqual(
      at((event) => event.type === 'ledger.credited'),
    );
    expect(positions("SELECT position FROM events_of('nobody')")).toEqual([]);
    expect(positions('SELECT position FROM events_between(20, 10)')).toEqual([]);
    // As a command passes them.
    expect(positions('SELECT position FROM events_between(?, ?)', ['2', '4'])).toEqual([2, 3, 4]);
    expect(positions('SELECT position FROM events_of(NULL)')).toEqual([]);
    const joined = `SELECT e.position FROM aggregates a, events_of(a.aggregate_id) e ORDER BY 1`;
    expect(positions(joined)).toEqual(at(() => true));
  });

  test('knows aggregates, types, dead letters and consumers as inspect does', () => {
    const reader = readerOf();
    const summary = reader.summary();
    const aggregates = [...reader.sql('SELECT * FROM aggregates ORDER BY events DESC, aggregate_id')];
    expect(aggregates).toHaveLength(summary.aggregates);
    expect(aggregates.slice(0, 5).map((row) => [row.aggregate_id, row.events])).toEqual(
      summary.topAggregates.slice(0, 5).map(({ aggregateId, count }) => [aggregateId, count]),
    );
    const types = [...reader.sql('SELECT type, events AS count FROM types ORDER BY events DESC, type')];
    expect(types).toEqual(summary.types);
    const letters = [
      ...reader.sql('SELECT position, event_id, state, error_name, error_message FROM dead_letters'),
    ];
    expect(letters).toEqual(
      [...reader.deadLetters()].map(({ position, id, state, error }) => ({
        position,
        event_id: id,
        state,
        error_name: error.name,
        error_message: error.message,
      })),
    );
    expect([...reader.sql('SELECT * FROM consumers')]).toEqual(summary.consumers);
  });

  test('takes parameters in order and by name, and gives back integers exactly', () => {
    expect(one('SELECT ? AS a, ? AS b, typeof(?) AS c', ['x', null, 7])).toEqual({
      a: 'x',
      b: null,
      c: 'integer',
    });
    expect(one('SELECT :n + 1 AS n, $b AS b', { n: 2n ** 53n, b: Buffer.from('xy') })).toEqual({
      n: 2n ** 53n + 1n,
      b: Buffer.from('xy'),
    });
    expect(one('SELECT 1 AS a, 2 AS a, 3 AS "__proto__", 4')).toEqual(
      JSON.parse('{"a":1,"a:1":2,"__proto__":3,"4":4}'),
    );
  });

  test('names the columns of an answer without rows', () => {
    expect(readerOf().sql('SELECT position, type FROM events WHERE false').columns).toEqual([
      'position',
      'type',
    ]);
  });

  test('lists its tables with all their columns', () => {
    const reader = readerOf();
    for (const { form, columns } of SQL_TABLES) {
      const table = form.replace(/aggregate_id|type\)/, "'x'").replace('first, last', '1, 2');
      const closed = table.includes('(') && !table.endsWith(')') ? `${table})` : table;
      expect(reader.sql(`SELECT * FROM ${closed}`).columns).toEqual(columns);
    }
  });
});

describe('what becomes JSON', () => {
  test.each([
    ['a bigint', 2n ** 64n - 1n, '18446744073709551615'],
    ['a small bigint', -5n, '-5'],
    ['a Date', new Date('2026-01-02T03:04:05.006Z'), '"2026-01-02T03:04:05.006Z"'],
    ['bytes', Buffer.from([0, 255]), '"00ff"'],
    ['minus zero', -0, '0'],
    ['undefined in a list', [undefined, 1], '[null,1]'],
    ['undefined in an object', { a: undefined, b: 1 }, '{"b":1}'],
    ['a nested bigint', { a: [{ b: 1n }] }, '{"a":[{"b":1}]}'],
    ['an object that looks like a tag', { $date: 'x' }, '{"$date":"x"}'],
    ['text', 'a"\n\u2028😀', JSON.stringify('a"\n\u2028😀')],
  ])('%s', async (_what, value, json) => {
    const path = tempStore();
    const engine = await openTestEngine({ store: path, durability: 'os' });
    await engine.publish(Noted({ note: 'n', value }, { metadata: { value } }));
    const [row] = readerOf(path).sql(`SELECT data -> '$.value' AS data, metadata FROM events`);
    expect(row?.data).toBe(json);
    expect(row?.metadata).toContain(`"value":${json}`);
  });

  test.each([
    ['a Map', new Map()],
    ['a Set', new Set()],
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
  ])('%s is in no log: publishing it is refused', async (_what, value) => {
    const engine = await openTestEngine();
    await expect(engine.publish(Noted({ note: 'n', value }))).rejects.toMatchObject({
      code: 'MILLRACE_UNSUPPORTED_PAYLOAD',
    });
  });
});

describe('a statement that does anything but read', () => {
  const folder = () => readdirSync(dirname(store)).sort();

  test.each([
    'DELETE FROM events',
    "INSERT INTO events (type) VALUES ('x')",
    "UPDATE events SET type = 'x'",
    "REPLACE INTO events (type) VALUES ('x')",
    'WITH old AS (SELECT 1) DELETE FROM events',
    'WITH old AS (SELECT 1) INSERT INTO sqlite_schema SELECT 1, 2, 3, 4, 5',
    'CREATE TABLE mine (a)',
    'CREATE TEMP TABLE mine (a)',
    'DROP TABLE events',
    'ALTER TABLE events RENAME TO mine',
    "ATTACH 'made.db' AS made",
    "/* SELECT */ -- SELECT\n ; ATTACH 'made.db' AS made",
    'DETACH main',
    "VACUUM INTO 'made.db'",
    'VACUUM',
    'PRAGMA journal_mode = DELETE',
    'PRAGMA query_only = OFF',
    'EXPLAIN PRAGMA query_only = OFF',
    'EXPLAIN QUERY PLAN DELETE FROM events',
    'BEGIN IMMEDIATE',
    'COMMIT',
    'SAVEPOINT a',
    'ANALYZE',
    'REINDEX',
    "SELECT load_extension('./made')",
  ])('is refused with the rule: %s', (statement) => {
    const [bytes, files] = [readFileSync(store), folder()];
    const refused = () => [...readerOf().sql(statement)];
    expect(refused).toThrow(SqlReadOnlyError);
    expect(refused).toThrow(/a statement over a log may only read it/);
    expect(readFileSync(store).equals(bytes)).toBe(true);
    expect(folder()).toEqual(files);
  });

  test.each([
    "SELECT writefile('made', 'x')",
    "SELECT edit('x')",
    "SELECT * FROM readfile('package.json')",
    "SELECT * FROM fsdir('.')",
  ])('has no function that could: %s', (statement) => {
    expect(() => [...readerOf().sql(statement)]).toThrow(SqlError);
  });

  test('may be explained, and may look at what this SQLite has', () => {
    expect(one('EXPLAIN QUERY PLAN SELECT * FROM events')).toMatchObject({ detail: expect.any(String) });
    expect(one("  -- why\n/* not */ SELECT count(*) > 10 AS ok FROM pragma_table_xinfo('events')")).toEqual({
      ok: 1,
    });
    expect(one('VALUES (1)')).toEqual({ column1: 1 });
    expect(one('WITH two AS (SELECT 2 AS b) SELECT b FROM two;')).toEqual({ b: 2 });
  });
});

describe('a statement that is wrong', () => {
  test.each([
    ['SELECT * FROM event', /no such table: event\. The tables are events, events_of\(aggregate_id\)/],
    ["SELECT * FROM event_of('a')", /no such table: event_of.*The tables are/],
    ['SELECT price FROM events', /no such column: price\. .*data ->> '\$\.field'/],
    ['SELEC 1', /near "SELEC": syntax error/],
    ['SELECT 1; SELECT 2', /one statement at a time/],
    ['', /no statements/],
    ['-- nothing', /no statements/],
    ['SELECT ?', /Too few parameter values.*each \? in its order/],
    ['SELECT * FROM events_of', /written events_of\(aggregate_id\); a value is missing/],
    ["SELECT * FROM events_between('a', 2)", /first is "a"; it must be a position/],
    ['SELECT * FROM events_between(2.5, 3)', /first is "2\.5"; it must be a position, as a whole number/],
    ['SELECT * FROM events_between(1, 1e999)', /last is "Infinity"; it must be a position/],
    ["SELECT json('{') FROM events", /malformed JSON/],
    ['SELECT abs(-9223372036854775808)', /integer overflow/],
  ])('is refused with the text of SQLite: %s', (statement, message) => {
    const refused = () => [...readerOf().sql(statement)];
    expect(refused).toThrow(SqlError);
    expect(refused).toThrow(message);
  });

  test.each([
    [7, []],
    ['SELECT ?', [true]],
    ['SELECT ?', [new Date()]],
    ['SELECT ?', [undefined]],
    ['SELECT ?', 'text'],
    ['SELECT :a', { a: {} }],
    ['SELECT ?', [Number.NaN]],
    ['SELECT ?', ['half \ud800']],
    ['SELECT :a', { a: '\udc00' }],
    ["SELECT 'half \ud800'", []],
    ['SELECT 1\0; SELECT 2', []],
  ])('is refused before SQLite sees it: %j with %j', (statement, params) => {
    expect(() => readerOf().sql(statement as string, params as never)).toThrow(
      expect.objectContaining({ code: 'MILLRACE_INVALID_OPTION' }),
    );
  });
});

test.each([
  [2n ** 63n - 1n, 'taken'],
  [-(2n ** 63n), 'taken'],
  [2n ** 63n, 'refused'],
  [-(2n ** 70n), 'refused'],
])('an integer of 64 bits is taken, and a larger one refused: %s', (value, outcome) => {
  const asked = () => one('SELECT ? AS a', [value]);
  if (outcome === 'taken') expect(asked()).toEqual({ a: value });
  else expect(asked).toThrow(expect.objectContaining({ code: 'MILLRACE_INVALID_OPTION' }));
});

describe('an answer', () => {
  test('is of the log as it was when it was asked for', async () => {
    const path = tempStore();
    const engine = await openTestEngine({ store: path, durability: 'os', handlers: [handlers('account')] });
    await engine.publishMany([1, 2, 3].map((value) => Noted({ note: 'a', value })));
    const reader = readerOf(path);
    const tables = ['events', "events_of('a')", "events_of_type('note.noted')", 'events_between(1, 99)'];
    const before = tables.map((table) => reader.sql(`SELECT position FROM ${table}`));
    const first = before.map((rows) => rows.next().value?.position);
    await engine.publishMany([4, 5].map((value) => Noted({ note: 'a', value })));
    await engine.publish(Deposited({ account: 'late', amount: 1 }), { until: 'handled' });
    expect(first).toEqual([1, 1, 1, 1]);
    expect(before.map((rows) => [...rows].length)).toEqual([2, 2, 2, 2]);
    expect([...reader.sql('SELECT count(*) AS n, count(DISTINCT type) AS types FROM events')]).toEqual([
      { n: 7, types: 3 },
    ]);
  });

  test('is made row by row: two may be read at a time, and one may be left unread', () => {
    const reader = readerOf();
    const [a, b] = [reader.sql('SELECT position FROM events'), reader.sql('SELECT type FROM events')];
    expect([a.next().value, b.next().value, a.next().value]).toEqual([
      { position: 1 },
      { type: 'note.noted' },
      { position: 2 },
    ]);
    for (const row of a) if (row.position === 5) break;
    expect(a.next()).toEqual({ done: true, value: undefined });
    const endless = reader.sql(
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n',
    );
    expect(endless.next().value).toEqual({ i: 1 });
    reader.sql('SELECT 1');
    b.close();
    reader.close();
    expect(() => endless.next()).toThrow(expect.objectContaining({ code: 'MILLRACE_CLOSED' }));
    expect(() => reader.sql('SELECT 1')).toThrow(expect.objectContaining({ code: 'MILLRACE_CLOSED' }));
  });

  test('ends with the coded error where the log is damaged', () => {
    const damaged = withEvents(copyOf(store), (event) => {
      if (event.position === 30) event.data.fill(0xc1);
    });
    const rows = readerOf(damaged).sql('SELECT data FROM events');
    expect(() => [...rows]).toThrow(expect.objectContaining({ code: 'MILLRACE_STORE_CORRUPT' }));
    expect(rows.next().done).toBe(true);
  });
});
