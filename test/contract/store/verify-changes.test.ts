import { type StoreReport, verifyStore } from 'millrace/store';
import { beforeAll, describe, expect, test } from 'vitest';
import { rowCheck } from '../../../dist/src/store/checksum.js';
import { makeStore, oneValue, withSql } from '../../support/damaged-store.js';

let store: string;

beforeAll(async () => {
  store = await makeStore();
});

const kinds = ({ problems }: StoreReport) => problems.map(({ kind }) => kind);

describe('a change by SQL is found:', () => {
  const inNote3 = "aggregate = (SELECT id FROM names WHERE name = 'note-3')";
  const changes: readonly [string, string, Partial<Omit<StoreReport, 'problems'>>, string[]][] = [
    [
      'a version',
      'UPDATE events SET version = 90 WHERE position = 17',
      { firstBadPosition: 17 },
      ['event', 'index'],
    ],
    [
      'a time',
      'UPDATE events SET occurred_at = occurred_at + 1 WHERE position = 30',
      { firstBadPosition: 30 },
      ['event'],
    ],
    ['a type', 'UPDATE events SET type = 1 WHERE position = 31', { firstBadPosition: 31 }, ['event']],
    [
      'an unknown type',
      'UPDATE events SET type = 99 WHERE position = 31',
      { firstBadPosition: 31 },
      ['event'],
    ],
    [
      'a partition key',
      'UPDATE events SET partition_key = 2 WHERE position = 32',
      { firstBadPosition: 32 },
      ['event'],
    ],
    ['a cause', 'UPDATE events SET causation = 1 WHERE position = 33', { firstBadPosition: 33 }, ['event']],
    [
      'a type of value',
      "UPDATE events SET data = 'text' WHERE position = 34",
      { firstBadPosition: 34 },
      ['event'],
    ],
    [
      'two payloads exchanged',
      `UPDATE events SET data = (SELECT data FROM events AS other WHERE other.position = 101 - events.position)
       WHERE position IN (50, 51)`,
      { firstBadPosition: 50 },
      ['event', 'event'],
    ],
    [
      'a deleted event',
      'DELETE FROM events WHERE position = 120',
      { firstBadPosition: 120 },
      ['position', 'version', 'index'],
    ],
    [
      'a deleted first event',
      'DELETE FROM events WHERE position = 1',
      { firstBadPosition: 1 },
      ['position', 'version', 'index'],
    ],
    [
      'deleted events',
      'DELETE FROM events WHERE position BETWEEN 100 AND 103',
      { firstBadPosition: 100 },
      ['position'],
    ],
    [
      'a position below the first',
      'UPDATE events SET position = -5 WHERE position = 9',
      { firstBadPosition: -5 },
      ['position', 'position'],
    ],
    ['a name', "UPDATE names SET name = 'note-x' WHERE name = 'note-3'", { firstBadPosition: 1 }, ['batch']],
    ['a lost name', `DELETE FROM names WHERE name = 'note-3'`, {}, ['event', 'definition']],
    ['a new name', `INSERT INTO names VALUES (900, 'new')`, {}, ['definition']],
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
    [
      'a payload shape',
      `UPDATE payload_shapes SET keys = '["note","x"]' WHERE id = 0`,
      { firstBadPosition: 1 },
      ['batch'],
    ],
    [
      'a payload shape that is none',
      "UPDATE payload_shapes SET keys = 'x' WHERE id = 0",
      {},
      ['definition', 'batch'],
    ],
    [
      'a lost payload shape',
      'DELETE FROM payload_shapes WHERE id = (SELECT max(id) FROM payload_shapes)',
      {},
      ['event'],
    ],
    ['the run id', "UPDATE meta SET value = 'other' WHERE key = 'run'", { firstBadPosition: 1 }, ['batch']],
    ['a lost run of the index', `DELETE FROM event_index WHERE ${inNote3}`, {}, ['index']],
    [
      'a run of another aggregate',
      `UPDATE event_index SET aggregate = 900 WHERE ${inNote3}`,
      {},
      ['index', 'index'],
    ],
    [
      'offsets of a run',
      `UPDATE event_runs SET offsets = zeroblob(length(offsets)) WHERE id = 1`,
      {},
      ['index'],
    ],
    ['a lost list of offsets', `DELETE FROM event_runs WHERE id = 1`, {}, ['index']],
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
  test.each([
    ['its event is deleted', () => `DELETE FROM events WHERE position = ${large()}`],
    ['its attempts', () => 'UPDATE dead_letters SET attempts = 4'],
    ['its state', () => "UPDATE dead_letters SET state = 'parked'"],
    ['its error', () => `UPDATE dead_letters SET error = replace(error, 'Range', 'range')`],
    ['its position', () => `UPDATE dead_letters SET position = 1 WHERE position = ${large()}`],
  ])('%s', (_name, sql) => {
    expect(kinds(verifyStore(withSql(store, sql())))).toContain('dead-letter');
  });

  test('one with a right checksum, but for an event of another key, or for a finished one', () => {
    const letter = (key: number, state: string) => {
      const columns = [1, key, state, 1, 'risk', 0, 5, 5, '{"name":"Error","message":"no"}', 0];
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
