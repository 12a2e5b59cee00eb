import { verifyStore } from 'millrace/store';
import { beforeAll, expect, test } from 'vitest';
import { progressCheck, stateCheck } from '../../../dist/src/store/checksum.js';
import { STATE_EVENTS, Stepped } from '../../handlers/state-events.mjs';
import { withSql } from '../../support/damaged-store.js';
import { handlers, openForTests } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

/** A whole row of `states`, whatever it says. */
function rowOf(slot: number, position: number): string {
  const value = Buffer.from([1]);
  return `INSERT OR REPLACE INTO states VALUES (${slot}, ${position}, x'01', ${stateCheck(slot, position, value)})`;
}

let store: string;

beforeAll(async () => {
  store = tempStore();
  const options = { events: STATE_EVENTS, handlers: [handlers('stateful')], store };
  const engine = await openForTests(options);
  for (const key of ['a', 'b', 'c']) await engine.publish(Stepped({ key, n: 1 }), { until: 'handled' });
  await engine.close();
});

test('states that are as they were written have no problems', () => {
  expect(verifyStore(store)).toMatchObject({ ok: true, problems: [] });
});

test.each([
  ['bytes', "UPDATE states SET value = x'05' WHERE slot = 4097", /^State 1 of key 1 is not what was written/],
  ['a position', 'UPDATE states SET position = 3 WHERE slot = 4097', /is not what was written/],
  ['a key', 'UPDATE states SET slot = 4097 + 40960 WHERE slot = 4097', /is not what was written/],
  [
    'the name of a type',
    "UPDATE state_types SET name = 'other' WHERE id = 1",
    /^State type 1 is not what was/,
  ],
  ['a lost type', 'DELETE FROM state_types WHERE id = 2', /is of no type that the log has/],
  ['a state of another key’s event', rowOf(4097, 3), /was made by an event of another key/],
  ['a state of no event', rowOf(4097, 900), /is ahead of the progress/],
])('%s that was changed is found', (_what, sql, message) => {
  const report = verifyStore(withSql(store, sql));
  expect(report.ok).toBe(false);
  expect(report.problems[0]).toMatchObject({ kind: 'state', message: expect.stringMatching(message) });
});

test.each([
  ['a missing table', 'DROP TABLE state_types'],
  ['a table of another form', 'ALTER TABLE states ADD COLUMN more TEXT'],
])('%s is found', (_what, sql) => {
  expect(verifyStore(withSql(store, sql)).problems[0]).toMatchObject({ kind: 'schema' });
});

test('a state that is ahead of its progress is found', () => {
  const columns = progressCheck(0, 6);
  const behind = `UPDATE progress SET mark = 0, checksum = ${columns}; DELETE FROM progress_chunks`;
  const { problems } = verifyStore(withSql(store, behind));
  expect(problems.map(({ kind }) => kind)).toContain('state');
  expect(problems.find(({ kind }) => kind === 'state')?.message).toMatch(/is ahead of the progress/);
});
