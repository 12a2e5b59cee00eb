import Database from 'better-sqlite3';
import { verifyStore } from 'millrace/store';
import { beforeAll, expect, test } from 'vitest';
import { progressCheck, timerCheck } from '../../../dist/src/store/checksum.js';
import { Acted, TIMER_EVENTS } from '../../handlers/timer-events.mjs';
import { withSql } from '../../support/damaged-store.js';
import { millrace } from '../../support/millrace.js';
import { handlers, openForTests } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';
import { openTimed, WallClock } from '../../support/timed-engine.js';

/** A whole row of `timers`, whatever it says. */
function rowOf({ key = 1, position = 1, type = 2 }): string {
  const columns = [key, 'odd', 10, position, 0, type, 10, 'rang-a', 'a'];
  const check = timerCheck(columns, Buffer.from([0x80]), Buffer.from([0x80]));
  return `INSERT INTO timers VALUES (${key}, 'odd', 10, ${position}, 0, ${type}, 10, 'rang-a', 'a', x'80', x'80', ${check})`;
}

let store: string;

beforeAll(async () => {
  store = tempStore();
  const engine = await openForTests({ events: TIMER_EVENTS, handlers: [handlers('timers')], store });
  for (const key of ['a', 'b']) {
    await engine.publish(Acted({ key, acts: [{ set: 'x', at: Date.UTC(2030, 0, 1) }] }), {
      until: 'handled',
    });
  }
  await engine.close();
});

test('timers that are as they were written have no problems', () => {
  expect(verifyStore(store)).toMatchObject({ ok: true, problems: [] });
});

test.each([
  [
    'a payload',
    "UPDATE timers SET data = x'05' WHERE key = 1",
    /^Timer 'x' of key 1 is not what was written/,
  ],
  ['a time', 'UPDATE timers SET at = 5 WHERE key = 1', /is not what was written/],
  ['a name', "UPDATE timers SET name = 'y' WHERE key = 1", /is not what was written/],
  ['a key', 'UPDATE timers SET key = 7 WHERE key = 1', /is not what was written/],
  ['a timer of an unknown type', rowOf({ type: 9 }), /is of no type that the log has/],
  ['a timer of another key’s event', rowOf({ position: 2 }), /was scheduled by an event of another key/],
  ['a timer of no event', rowOf({ position: 900 }), /is ahead of the progress/],
])('%s that was changed is found', (_what, sql, message) => {
  const report = verifyStore(withSql(store, sql));
  expect(report.problems[0]).toMatchObject({ kind: 'timer', message: expect.stringMatching(message) });
});

test.each([
  ['a missing index', 'DROP INDEX timers_by_time'],
  ['a table of another form', 'ALTER TABLE timers ADD COLUMN more TEXT'],
])('%s is found', (_what, sql) => {
  expect(verifyStore(withSql(store, sql)).problems[0]).toMatchObject({ kind: 'schema' });
});

test('a timer that is ahead of its progress is found', () => {
  const behind = `UPDATE progress SET mark = 0, checksum = ${progressCheck(0, 2)}; DELETE FROM progress_chunks`;
  const { problems } = verifyStore(withSql(store, behind));
  expect(problems.filter(({ kind }) => kind === 'timer')).toMatchObject([
    { message: expect.stringMatching(/is ahead of the progress/), position: 1 },
    { position: 2 },
  ]);
});

test('a timer that is not what was written does not fire: its owner is told, and everything else goes on', async () => {
  const clock = new WallClock(Date.UTC(2031, 0, 1));
  const damaged = withSql(store, "UPDATE timers SET data = x'05' WHERE key = 1");
  const engine = await openTimed(clock, { store: damaged, threads: 0 });
  await engine.drain();
  const read = [];
  for await (const { type, key } of engine.read({ fromPosition: 3 })) read.push(`${type} ${key}`);
  expect(read).toEqual(['timer.rang b', 'timer.noted b']);
  await engine.close();
});

test('millrace inspect counts them and says when the next one fires', async () => {
  const { stdout } = await millrace('inspect', store);
  expect(stdout).toMatch(/^timers {7}2 pending, the next at 2030-01-01T00:00:00.000Z$/m);
});

test('the table is as the page of the file’s format says', () => {
  const database = new Database(store, { readonly: true });
  const rows = database
    .prepare(
      'SELECT key, name, at, position, number, type, occurred_at, aggregate, partition_key FROM timers',
    )
    .raw()
    .all();
  database.close();
  const at = Date.UTC(2030, 0, 1);
  expect(rows).toEqual([
    [1, 'x', at, 1, 0, 2, at, 'rang-a', 'a'],
    [2, 'x', at, 2, 0, 2, at, 'rang-b', 'b'],
  ]);
});
