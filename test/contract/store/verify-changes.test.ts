import { type StoreReport, verifyStore } from 'millrace/store';
import { beforeAll, describe, expect, test } from 'vitest';
import { rowCheck } from '../../../dist/src/store/checksum.js';
import { makeStore, oneValue, withSql } from '../../support/damaged-store.js';
import { type SegmentEvent, withEvent, withEvents } from '../../support/segment-edit.js';

let store: string;

beforeAll(async () => {
  store = await makeStore();
});

const kinds = ({ problems }: StoreReport) => problems.map(({ kind }) => kind);

type Says = Partial<Omit<StoreReport, 'problems'>>;

describe('a changed event is found, in a segment whose own checksum is right:', () => {
  const changes: readonly [string, number, (event: SegmentEvent) => void, string[]][] = [
    ['a version', 17, (event) => Object.assign(event, { version: 90 }), ['event', 'index']],
    ['a time', 30, (event) => Object.assign(event, { occurredAt: event.occurredAt + 1 }), ['event']],
    ['a type', 31, (event) => Object.assign(event, { type: 1 }), ['event']],
    ['an unknown type', 31, (event) => Object.assign(event, { type: 99 }), ['event']],
    ['a partition key', 32, (event) => Object.assign(event, { key: 2 }), ['event']],
    ['a cause', 33, (event) => Object.assign(event, { causation: 1 }), ['event']],
    ['a payload', 34, (event) => Object.assign(event, { data: Buffer.from('text') }), ['event']],
    ['metadata', 35, (event) => Object.assign(event, { metadata: Buffer.from([0x80]) }), ['event']],
    ['no version', 36, (event) => Object.assign(event, { version: 0 }), ['event']],
  ];
  test.each(changes)('%s', (_name, position, change, expected) => {
    const report = verifyStore(withEvent(store, position, change));
    expect(report).toMatchObject({ ok: false, firstBadPosition: position });
    for (const kind of expected) expect(kinds(report)).toContain(kind);
    expect(report.problems[0]?.message).toMatch(/^[A-Z'].*\.$/);
  });

  test('two payloads exchanged', () => {
    const path = withEvents(store, (event, all) => {
      if (event.position !== 50) return;
      const other = all[50] as SegmentEvent;
      [event.data, other.data] = [other.data, event.data];
    });
    const report = verifyStore(path);
    expect(report).toMatchObject({ ok: false, firstBadPosition: 50 });
    expect(report.problems).toMatchObject([
      { kind: 'event', position: 50 },
      { kind: 'event', position: 51 },
    ]);
  });

  test.each([
    ['one', 120, 120],
    ['the first one', 1, 1],
    ['several', 100, 103],
  ])('%s deleted', (_name, from, to) => {
    const report = verifyStore(withEvents(store, ({ position }) => position < from || position > to));
    expect(report).toMatchObject({ ok: false, firstBadPosition: from });
    for (const kind of ['position', 'version', 'index']) expect(kinds(report)).toContain(kind);
  });
});

describe('a change by SQL is found:', () => {
  const changes: readonly [string, string, Says, string[]][] = [
    ['a position below the first', 'UPDATE segments SET first = -5 WHERE first = 1', {}, ['position']],
    [
      'a name',
      `UPDATE names SET body = CAST(replace(body, 'note-3', 'note-x') AS BLOB) WHERE instr(body, 'note-3')`,
      { firstBadPosition: 1 },
      ['definition', 'event'],
    ],
    ['a lost block of names', 'DELETE FROM names WHERE block = 1', {}, ['event', 'definition']],
    ['a new name', "INSERT INTO names VALUES (900, 900, 1, 0, x'010041')", {}, ['definition']],
    [
      'the name of a type',
      "UPDATE event_types SET name = 'note.x' WHERE name = 'note.noted'",
      { firstBadPosition: 1 },
      ['definition', 'event'],
    ],
    [
      'the fields left out of a fingerprint',
      `UPDATE event_types SET volatile = '["note"]'`,
      {},
      ['definition'],
    ],
    ['a payload shape', `UPDATE payload_shapes SET keys = '["note","x"]' WHERE id = 0`, {}, ['definition']],
    ['a payload shape that is none', "UPDATE payload_shapes SET keys = 'x' WHERE id = 0", {}, ['definition']],
    [
      'a lost payload shape',
      'DELETE FROM payload_shapes WHERE id = (SELECT max(id) FROM payload_shapes)',
      {},
      ['event', 'definition'],
    ],
    ['the run id', "UPDATE meta SET value = 'other' WHERE key = 'run'", { firstBadPosition: 1 }, ['segment']],
    ['a lost run of events', 'DELETE FROM runs WHERE kind = 2 AND low = 1', {}, ['index']],
    ['a lost run of names', 'DELETE FROM runs WHERE kind = 1 AND low = 1', {}, ['index']],
    ['a run of another kind', 'UPDATE runs SET kind = 1 WHERE kind = 2', {}, ['index']],
    ['fences of a run', 'UPDATE runs SET fences = zeroblob(length(fences))', {}, ['index']],
    ['a page of a run', 'UPDATE run_pages SET body = zeroblob(length(body))', {}, ['index']],
    [
      'a lost page of a run',
      'DELETE FROM run_pages WHERE id = (SELECT min(id) FROM run_pages)',
      {},
      ['index'],
    ],
    [
      'pages of runs exchanged',
      `UPDATE run_pages SET body = (SELECT body FROM run_pages AS other ORDER BY id DESC LIMIT 1),
       checksum = (SELECT checksum FROM run_pages AS other ORDER BY id DESC LIMIT 1)`,
      {},
      ['index'],
    ],
    ['how far the index goes', 'UPDATE progress SET indexed = 7', {}, ['progress']],
    ['the mark', 'UPDATE progress SET mark = mark - 1', {}, ['progress']],
    ['the bits of finished events', 'UPDATE progress_chunks SET bits = zeroblob(1024)', {}, ['progress']],
    ['an index of SQLite', 'DROP INDEX dead_letters_to_handle', {}, ['schema']],
    ['the format', 'PRAGMA user_version = 0', {}, ['schema']],
  ];
  test.each(changes)('%s', (_name, sql, says, expected) => {
    const report = verifyStore(withSql(store, sql));
    expect(report).toMatchObject({ ok: false, ...says });
    for (const kind of expected) expect(kinds(report)).toContain(kind);
    const [first] = report.problems;
    expect(first?.message).toMatch(/^[A-Z'].*\.$/);
  });
});

describe('a dead letter that is not what was written is found:', () => {
  const large = () => Number(oneValue(store, 'SELECT min(position) FROM dead_letters'));
  test('its event is deleted', () => {
    const gone = large();
    expect(kinds(verifyStore(withEvents(store, ({ position }) => position !== gone)))).toContain(
      'dead-letter',
    );
  });

  test.each([
    ['its attempts', () => 'UPDATE dead_letters SET attempts = 4'],
    ['its owners', () => "UPDATE dead_letters SET owners = '[]'"],
    ['its state', () => "UPDATE dead_letters SET state = 'parked'"],
    ['its error', () => `UPDATE dead_letters SET error = replace(error, 'Range', 'range')`],
    ['its position', () => `UPDATE dead_letters SET position = 1 WHERE position = ${large()}`],
  ])('%s', (_name, sql) => {
    expect(kinds(verifyStore(withSql(store, sql())))).toContain('dead-letter');
  });

  test('one with a right checksum, but for an event of another key, or for a finished one', () => {
    const letter = (key: number, state: string) => {
      const columns = [
        1,
        key,
        state,
        1,
        'risk',
        '["millrace:lanes"]',
        0,
        5,
        5,
        '{"name":"Error","message":"no"}',
        0,
      ];
      const values = [...columns, rowCheck(columns)].map((value) =>
        typeof value === 'string' ? `'${value}'` : value,
      );
      return `INSERT INTO dead_letters VALUES (${values.join(', ')})`;
    };
    expect(verifyStore(withSql(store, letter(1, 'skipped'))).problems).toEqual([]);
    for (const [key, state] of [
      [2, 'skipped'],
      [1, 'parked'],
    ] as const) {
      const report = verifyStore(withSql(store, letter(key, state)));
      expect(report.problems).toMatchObject([{ kind: 'dead-letter', position: 1 }]);
    }
  });
});
