import { copyFileSync, mkdirSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { EngineFailedError, StoreError, StoreMovedError } from 'millrace/errors';
import { verifyStore } from 'millrace/store';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SqliteStore } from '../../../dist/src/store/sqlite-store.js';
import { Noted } from '../../handlers/events.mjs';
import { liveThreads } from '../../support/live-threads.js';
import { LogRows, ROW_TYPE } from '../../support/log-rows.js';
import { openFilesIn } from '../../support/open-files.js';
import { openTestEngine } from '../../support/open-test-engine.js';
import { tempFolder, tempStore } from '../../support/temp-folder.js';

const MOVED = { code: 'MILLRACE_STORE_MOVED' };

/** An open store that has acknowledged three events. */
async function openStore(path = tempStore()) {
  const store = new SqliteStore(path, 'FULL', 'run');
  onTestFinished(() => store.close());
  await store.open([ROW_TYPE]);
  const rows = new LogRows();
  const commit = () =>
    store.commit({ segments: rows.add('a', 'text').take(), progress: undefined, shapes: [] });
  for (let count = 0; count < 3; count++) await commit();
  return { path, store, commit };
}

/** Everything that the store has acknowledged is in the file alone, without its WAL. */
function expectWhole(file: string): void {
  const copy = tempStore();
  copyFileSync(file, copy);
  const report = verifyStore(copy);
  expect(report.problems).toEqual([]);
  expect(report.events).toBeGreaterThanOrEqual(3);
}

describe('a commit is not acknowledged when the open file', () => {
  test('was deleted; the store can be opened again at once', async () => {
    const { path, store, commit } = await openStore();
    unlinkSync(path);
    const error = await commit().catch((thrown) => thrown);
    expect(error).toMatchObject(MOVED);
    expect(error).toBeInstanceOf(StoreMovedError);
    expect(error).toBeInstanceOf(StoreError);
    expect(error.message).toContain(path);
    // Once it has failed, it takes nothing more.
    await expect(commit()).rejects.toMatchObject(MOVED);
    await store.close();
    expect(liveThreads()).toEqual([]);
    expect(openFilesIn(dirname(path))).toEqual([]);
    const again = await openStore(path);
    await again.store.close();
    expect(verifyStore(path)).toMatchObject({ ok: true, events: 3 });
  });

  test('was moved; the moved file has everything acknowledged, even what only the WAL held', async () => {
    const { path, store, commit } = await openStore();
    const moved = join(tempFolder(), 'moved.db');
    renameSync(path, moved);
    await expect(commit()).rejects.toMatchObject(MOVED);
    expectWhole(moved);
    await store.close();
    expectWhole(moved);
    await (await openTestEngine({ store: moved })).close();
  });

  test('was moved with its folder', async () => {
    const folder = join(tempFolder(), 'a');
    mkdirSync(folder);
    const { store, commit } = await openStore(join(folder, 'events.db'));
    renameSync(folder, `${folder}-b`);
    await expect(commit()).rejects.toMatchObject(MOVED);
    await store.close();
    expectWhole(join(`${folder}-b`, 'events.db'));
  });

  test('was replaced; the file in its place is not touched', async () => {
    const other = await openStore();
    await other.store.close();
    const { path, store, commit } = await openStore();
    renameSync(other.path, path);
    const error = await commit().catch((thrown) => thrown);
    expect(error).toMatchObject(MOVED);
    expect(error.message).toContain('replaced');
    await store.close();
    expect(openFilesIn(dirname(path))).toEqual([]);
    unlinkSync(`${path}-wal`);
    expect(verifyStore(path)).toMatchObject({ ok: true, events: 3, problems: [] });
  });

  test('has lost its WAL; the file has everything acknowledged', async () => {
    const { path, store, commit } = await openStore();
    unlinkSync(`${path}-wal`);
    await expect(commit()).rejects.toMatchObject(MOVED);
    expectWhole(path);
    await store.close();
    expectWhole(path);
  });
});

test('a store that is closed right behind a commit that fails lets go of everything', async () => {
  const { path, store, commit } = await openStore();
  unlinkSync(path);
  const [committed, closed] = await Promise.allSettled([commit(), store.close()]);
  expect(committed).toMatchObject({ status: 'rejected', reason: MOVED });
  expect(closed).toMatchObject({ status: 'fulfilled' });
  expect(liveThreads()).toEqual([]);
  expect(openFilesIn(dirname(path))).toEqual([]);
});

test('a file that is opened through a link is where it was', async () => {
  const file = tempStore();
  const link = join(tempFolder(), basename(file));
  symlinkSync(file, link);
  const { store } = await openStore(link);
  await store.close();
  expect(verifyStore(link)).toMatchObject({ ok: true, events: 3 });
});

test('an engine stops acknowledging, and closes', async () => {
  const store = tempStore();
  const engine = await openTestEngine({ store });
  await engine.publish(Noted({ note: 'a' }));
  unlinkSync(store);
  const error = await engine.publish(Noted({ note: 'a' })).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(EngineFailedError);
  expect(error.cause).toMatchObject(MOVED);
  await engine.close().catch(() => {});
  const next = await openTestEngine({ store });
  expect(await next.publish(Noted({ note: 'a' }))).toEqual({ position: 1, version: 1 });
});
