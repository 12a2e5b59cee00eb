import { execFileSync } from 'node:child_process';
import { unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { StoreError, StoreFullError } from 'millrace/errors';
import { verifyStore } from 'millrace/store';
import { expect, onTestFinished, test } from 'vitest';
import { SqliteStore } from '../../../dist/src/store/sqlite-store.js';
import { Writer } from '../../../dist/src/store/writer.js';
import { Child } from '../../support/child.js';
import { liveThreads } from '../../support/live-threads.js';
import { LogRows, ROW_TYPE } from '../../support/log-rows.js';
import { openFilesIn } from '../../support/open-files.js';
import { tempFolder, tempStore } from '../../support/temp-folder.js';

const FULL = { code: 'MILLRACE_STORE_FULL' };
const TEXT = 'x'.repeat(2000);

/** A writer in this thread, and the connection that it writes through. */
function openWriter(path: string, rows: LogRows): { writer: Writer; connection: Database.Database } {
  const { pragma } = Database.prototype;
  let connection: Database.Database | undefined;
  Database.prototype.pragma = function (this: Database.Database, text: string, options?: never) {
    if (text === 'journal_mode = WAL') connection = this;
    return pragma.call(this, text, options);
  } as typeof pragma;
  try {
    const writer = new Writer({ path, synchronous: 'NORMAL', run: 'run', types: [ROW_TYPE] });
    writer.addSlab(rows.slab.id, rows.slab.memory);
    return { writer, connection: connection as unknown as Database.Database };
  } finally {
    Database.prototype.pragma = pragma;
  }
}

test('a commit that does not fit is rolled back, what was acknowledged stays, and the writer closes', () => {
  const path = tempStore();
  const rows = new LogRows({ bytes: 4_000_000 });
  const { writer, connection } = openWriter(path, rows);
  connection.pragma(`max_page_count = ${(connection.pragma('page_count', { simple: true }) as number) + 50}`);
  let acknowledged = 0;
  const commit = () => {
    const segments = rows
      .add('a', TEXT)
      .take()
      .map(({ slab, from, to }) => ({ slab: slab.id, from, to }));
    writer.commit([{ segments, progress: undefined, shapes: [] }]);
    acknowledged++;
  };
  let error: unknown;
  while (!error && acknowledged < 1000) {
    try {
      commit();
    } catch (thrown) {
      error = thrown;
    }
  }
  expect(error).toMatchObject({ ...FULL, details: { sqlite: 'SQLITE_FULL', store: path } });
  expect(error).toBeInstanceOf(StoreError);
  expect((error as Error).message).toContain('Free some space');
  expect(acknowledged).toBeGreaterThan(40);
  expect(() => writer.close()).not.toThrow();
  expect(verifyStore(path)).toMatchObject({ ok: true, events: acknowledged, problems: [] });
});

/** A file system of a megabyte; undefined where nobody may mount one. */
function smallDisk(): string | undefined {
  const folder = tempFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync('umount', [folder]));
  return folder;
}

test('on a full disk nothing more is acknowledged; with space again the store goes on', async (context) => {
  const folder = smallDisk();
  if (folder === undefined) return context.skip('only root may mount a small disk');
  const path = join(folder, 'events.db');
  const ballast = join(folder, 'ballast');
  writeFileSync(ballast, Buffer.alloc(300_000));
  const rows = new LogRows({ bytes: 4_000_000 });
  const open = async () => {
    const store = new SqliteStore(path, 'FULL', 'run');
    onTestFinished(() => store.close());
    return { store, state: await store.open([ROW_TYPE]) };
  };
  const { store } = await open();
  let acknowledged = 0;
  const commit = (to: SqliteStore) =>
    to.commit({ segments: rows.add('a', TEXT).take(), progress: undefined, shapes: [] });
  const fill = async () => {
    while (acknowledged < 1000) {
      await commit(store);
      acknowledged++;
    }
  };
  const error = await fill().catch((thrown) => thrown);
  expect(error).toBeInstanceOf(StoreFullError);
  await expect(commit(store)).rejects.toMatchObject(FULL);
  await store.close();
  expect(liveThreads()).toEqual([]);
  expect(openFilesIn(dirname(path))).toEqual([]);
  expect(acknowledged).toBeGreaterThan(40);
  unlinkSync(ballast);
  const again = await open();
  expect(again.state.lastPosition).toBe(acknowledged);
  await again.store.close();
  expect(verifyStore(path)).toMatchObject({ ok: true, events: acknowledged, problems: [] });
});

test('a disk that refuses to write is an I/O error, and what was acknowledged stays', async () => {
  const path = tempStore();
  const child = new Child('fill-store.mjs', path);
  await child.ended();
  const [last = ''] = child.lines.slice(-1);
  expect(last).toBe('MILLRACE_STORE_IO SQLITE_IOERR_WRITE closed');
  const acknowledged = child.lines.length - 1;
  expect(acknowledged).toBeGreaterThan(10);
  const { ok, events, problems } = verifyStore(path);
  expect(problems).toEqual([]);
  expect(ok && events >= acknowledged).toBe(true);
});
