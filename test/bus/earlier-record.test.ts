import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { DomainEvent } from 'millrace';
import { expect, onTestFinished, test } from 'vitest';
import { progressCheck } from '../../dist/src/store/checksum.js';
import { Noted } from '../handlers/events.mjs';
import { oneTo } from '../support/collect.js';
import { tempStore } from '../support/temp-folder.js';
import { makeBus, openSystem, startBus, valuesOf } from './support.js';

/** A store with three events, and beside it the file in which a bus of Millrace 0.1 noted that two are processed. */
async function earlierStore(run?: string): Promise<string> {
  const store = tempStore();
  const system = await openSystem({ store, run: 'early' });
  await system.storage.storeMany(oneTo(3).map((value) => Noted({ note: 'a', value })));
  await system.stop();
  const record = new Database(`${store}-processing`);
  record.exec(`
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE progress (id INTEGER PRIMARY KEY CHECK (id = 1), mark INTEGER NOT NULL, indexed INTEGER NOT NULL, checksum INTEGER NOT NULL) STRICT;
    CREATE TABLE progress_chunks (chunk INTEGER PRIMARY KEY, bits BLOB NOT NULL, checksum INTEGER NOT NULL) STRICT;
    CREATE TABLE processing_log (id INTEGER PRIMARY KEY, position INTEGER NOT NULL, handler TEXT NOT NULL, attempt INTEGER NOT NULL, processed_at INTEGER NOT NULL, milliseconds REAL, outcome TEXT NOT NULL, result BLOB, error TEXT) STRICT;
    CREATE TABLE failed_events (position INTEGER PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, aggregate_id TEXT NOT NULL, version INTEGER NOT NULL, handlers TEXT NOT NULL, attempts INTEGER NOT NULL, first_failed_at INTEGER NOT NULL, failed_at INTEGER NOT NULL, error TEXT NOT NULL) STRICT;
    INSERT INTO progress VALUES (1, 2, 0, ${progressCheck(2, 0)});
    INSERT INTO processing_log VALUES (1, 1, 'ledger', 1, 5, 0.5, 'done', NULL, NULL);
    INSERT INTO processing_log VALUES (2, 2, 'ledger', 1, 6, 1, 'failed', NULL, '{"name":"Error","message":"no"}');
    INSERT INTO failed_events VALUES (2, 'early/a/2', 'note.noted', 'a', 2, '["ledger"]', 1, 6, 6, '{"name":"Error","message":"no"}');
    PRAGMA application_id = ${0x4d_49_4c_50};
    PRAGMA user_version = 1;
    PRAGMA journal_mode = WAL;
  `);
  record.prepare("INSERT INTO meta VALUES ('run', ?)").run(run ?? 'early');
  record.close();
  return store;
}

test('what a bus of Millrace 0.1 noted in a file of its own is taken over, once', async () => {
  const store = await earlierStore();
  const heard: DomainEvent[] = [];
  const bus = await startBus({ store }, (own) => {
    own.subscribe('**', (event) => void heard.push(event), { name: 'ledger' });
  });
  await bus.drain();
  expect(valuesOf(heard)).toEqual([3]);
  expect(existsSync(`${store}-processing`)).toBe(false);
  expect(await bus.failedEvents.list()).toMatchObject([{ position: 2, error: { message: 'no' } }]);
  await bus.failedEvents.retry(2);
  await bus.stop();
  const system = await openSystem({ store });
  expect(await system.storage.processingLog()).toMatchObject([
    { position: 1, handler: 'ledger', milliseconds: 0.5, outcome: 'done' },
    { position: 2, outcome: 'failed', error: { message: 'no' } },
    { position: 3, outcome: 'done' },
    { position: 2, outcome: 'done' },
  ]);
  expect(system.storage.statistics()).toEqual({ events: 3, processed: 3, failed: 0, unprocessed: 0 });
});

test.each([
  'another log',
  'another program',
])('such a file of %s is refused, and left as it was', async (whose) => {
  const store = await earlierStore('other');
  const record = new Database(`${store}-processing`);
  onTestFinished(() => void record.close());
  if (whose === 'another program') record.pragma('application_id = 7');
  await expect(makeBus({ store }).start()).rejects.toMatchObject({ code: 'MILLRACE_STORE_FOREIGN' });
  expect(record.prepare('SELECT mark FROM progress').pluck().get()).toBe(2);
});
