import { openStoreReader, verifyStore } from 'millrace/store';
import { beforeAll, expect, test } from 'vitest';
import { snapshotCheck } from '../../../dist/src/store/checksum.js';
import type { StoredSnapshot } from '../../../dist/src/store/snapshot.js';
import { LEDGER_EVENTS, Stepped } from '../../handlers/ledgers.mjs';
import { withSql } from '../../support/damaged-store.js';
import { ledgers, look, step } from '../../support/ledgers.js';
import { openForTests } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

/** A whole row of `snapshots`, whatever it says. */
function rowOf(change: Partial<StoredSnapshot>): string {
  const bytes = Buffer.from([1]);
  const row = {
    aggregate: 1,
    kind: 'ledger',
    kindVersion: 1,
    version: 2,
    position: 2,
    state: bytes,
    notes: bytes,
  };
  const given = { ...row, ...change };
  const { aggregate, kind, kindVersion, version, position } = given;
  return `INSERT OR REPLACE INTO snapshots
    VALUES (${aggregate}, '${kind}', ${kindVersion}, ${version}, ${position}, x'01', x'01', ${snapshotCheck(given)})`;
}

let store: string;

beforeAll(async () => {
  store = tempStore();
  const engine = await openForTests({ ...ledgers({ snapshotEvery: 2 }), store });
  for (const id of ['a', 'b']) for (const n of [1, 2, 3]) await step(engine, id, n);
  await engine.close();
});

test('snapshots that are as they were written have no problems, and are counted', () => {
  expect(verifyStore(store)).toMatchObject({ ok: true, problems: [] });
  expect(verifyStore(withSql(store, rowOf({})))).toMatchObject({ ok: true });
  using reader = openStoreReader(store);
  const [counted] = reader.summary().snapshots;
  expect(counted).toMatchObject({ name: 'ledger', version: 1, aggregates: 2, bytes: expect.any(Number) });
});

test.each([
  [
    'bytes',
    "UPDATE snapshots SET state = x'05' WHERE aggregate = 1",
    /of aggregate 1 is not what was written/,
  ],
  ['notes', "UPDATE snapshots SET notes = x'05' WHERE aggregate = 1", /is not what was written/],
  ['a version', 'UPDATE snapshots SET version = 1 WHERE aggregate = 1', /is not what was written/],
  ['a name', "UPDATE snapshots SET kind = 'other' WHERE aggregate = 1", /is not what was written/],
  [
    'a snapshot of no event',
    rowOf({ position: 900 }),
    /is newer than its events: the log has none at position 900/,
  ],
  ['a snapshot of another version than its event', rowOf({ version: 3 }), /has version 2/],
  ['a snapshot of another aggregate’s event', rowOf({ aggregate: 2 }), /an event of another aggregate/],
])('%s that was changed is found', (_what, sql, message) => {
  const report = verifyStore(withSql(store, sql));
  expect(report.problems).toMatchObject([{ kind: 'snapshot', message: expect.stringMatching(message) }]);
});

test.each([
  ['a snapshot of no event', rowOf({ position: 900, version: 9 })],
  ['a snapshot of a version that stands elsewhere', rowOf({ version: 3 })],
  ['a snapshot that is whole and no snapshot', rowOf({})],
])('an engine that meets %s reads the events, says so, and makes another one', async (_what, sql) => {
  const damaged = withSql(store, sql);
  const engine = await openForTests({ ...ledgers({ snapshotEvery: 2 }), store: damaged });
  const codes: unknown[] = [];
  engine.onNotice((notice) => {
    if (notice.kind === 'snapshot-failed') codes.push((notice.error as Error & { code: string }).code);
  });
  expect(await look(engine, 'a')).toEqual([3, expect.stringContaining('"sum":6')]);
  await engine.close();
  expect(codes).toEqual(['MILLRACE_STORE_CORRUPT']);
  expect(verifyStore(damaged)).toMatchObject({ ok: true });
});

test('a table of another form is refused', () => {
  const report = verifyStore(withSql(store, 'ALTER TABLE snapshots ADD COLUMN more TEXT'));
  expect(report.problems[0]).toMatchObject({ kind: 'schema' });
});

test('a file from before there were snapshots is read and written as ever', async () => {
  const old = tempStore();
  const engine = await openForTests({ events: LEDGER_EVENTS, store: old });
  await engine.publish(Stepped({ ledger: 'a', n: 1, how: 'add' }));
  await engine.close();
  using reader = openStoreReader(old);
  expect(reader.summary().snapshots).toEqual([]);
  const again = await openForTests({ ...ledgers({ snapshotEvery: 1 }), store: old });
  expect(await look(again, 'a')).toEqual([1, expect.any(String)]);
  await again.close();
  expect(verifyStore(old)).toMatchObject({ ok: true });
});
