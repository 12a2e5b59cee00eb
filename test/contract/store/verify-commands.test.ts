import Database from 'better-sqlite3';
import { openStoreReader, verifyStore } from 'millrace/store';
import { beforeAll, expect, test } from 'vitest';
import { progressCheck, timerCheck } from '../../../dist/src/store/checksum.js';
import { withSql } from '../../support/damaged-store.js';
import { millrace } from '../../support/millrace.js';
import { openForTests } from '../../support/open-test-engine.js';
import { asked, boxesOf, openSaga, SAGA } from '../../support/sagas.js';
import { tempStore } from '../../support/temp-folder.js';

const FACTS = '["saga","box","a","add","e","e",null]';

/** A whole row of `commands`, whatever it says. */
function rowOf({ key = 1, position = 1, facts = FACTS }): string {
  const check = timerCheck([9, key, position, 0, 5, facts, 0], new Uint8Array(), new Uint8Array());
  return `INSERT INTO commands VALUES (9, ${key}, ${position}, 0, 5, '${facts}', NULL, ${check})`;
}

let store: string;

beforeAll(async () => {
  store = tempStore();
  const engine = await openForTests({ ...SAGA, store });
  for (const key of ['k', 'l']) {
    const event = asked(key, [{ to: 'a', what: 'throw', n: 1 }]);
    await engine.publish({ ...event, options: { occurredAt: 5 } }, { until: 'handled' });
  }
  await engine.close();
});

test('commands that are as they were written have no problems', () => {
  expect(verifyStore(store)).toMatchObject({ ok: true, problems: [] });
});

test.each([
  [
    'an input',
    "UPDATE commands SET input = x'05' WHERE number = 1",
    /^Command 1 of a handler is not what was written/,
  ],
  ['no input', 'UPDATE commands SET input = NULL WHERE number = 1', /is not what was written/],
  [
    'a name',
    "UPDATE commands SET facts = replace(facts, 'throw', 'add') WHERE number = 1",
    /is not what was/,
  ],
  ['a key', 'UPDATE commands SET key = 7 WHERE number = 1', /is not what was written/],
  ['facts that are none', rowOf({ facts: '["saga"]' }), /is not what was written/],
  ['a command of another key’s event', rowOf({ position: 2 }), /was sent by an event of another key/],
  ['a command of no event', rowOf({ position: 900 }), /is ahead of the progress/],
])('%s that was changed is found', (_what, sql, message) => {
  const { problems } = verifyStore(withSql(store, sql));
  expect(problems[0]).toMatchObject({ kind: 'command', message: expect.stringMatching(message) });
});

test('a table of another form is found', () => {
  const { problems } = verifyStore(withSql(store, 'ALTER TABLE commands ADD COLUMN more TEXT'));
  expect(problems[0]).toMatchObject({ kind: 'schema' });
});

test('a command that is ahead of its progress is found', () => {
  const behind = `UPDATE progress SET mark = 0, checksum = ${progressCheck(0, 2)}; DELETE FROM progress_chunks`;
  const { problems } = verifyStore(withSql(store, behind));
  expect(problems.filter(({ kind }) => kind === 'command')).toMatchObject([{ position: 1 }, { position: 2 }]);
});

test('a log whose commands are damaged is not opened, and read up to them', async () => {
  const damaged = withSql(store, "UPDATE commands SET input = x'05' WHERE number = 2");
  await expect(openSaga({ store: damaged })).rejects.toMatchObject({ code: 'MILLRACE_STORE_CORRUPT' });
  using reader = openStoreReader(damaged);
  expect(() => [...reader.commands()]).toThrow(/command 2 of a handler/);
});

test('millrace inspect counts them', async () => {
  const { stdout } = await millrace('inspect', store);
  expect(stdout).toMatch(/^commands {5}2 of handlers not decided yet$/m);
});

test('the table is as the page of the file’s format says', async () => {
  const database = new Database(store, { readonly: true });
  const rows = database.prepare('SELECT number, key, position, place, time, facts FROM commands').raw().all();
  database.close();
  const engine = await openSaga({ store: withSql(store, '') });
  await engine.recovered;
  expect(await boxesOf(engine)).toEqual({});
  const ids: string[] = [];
  for await (const { id } of engine.read()) ids.push(id);
  const facts = (id = '') => JSON.stringify(['saga', 'box', 'a', 'throw', id, id, null]);
  expect(rows).toEqual([
    [1, 2, 1, 0, expect.any(Number), facts(ids[0])],
    [2, 4, 2, 0, expect.any(Number), facts(ids[1])],
  ]);
});
