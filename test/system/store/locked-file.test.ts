import { linkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { EngineFailedError } from 'millrace/errors';
import { openStoreReader, verifyStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { Child } from '../../support/child.js';
import { openTestEngine } from '../../support/open-test-engine.js';
import { tempFolder, tempStore } from '../../support/temp-folder.js';

const LOCKED = { code: 'MILLRACE_STORE_LOCKED' };

/** What is done to an open store's files, and the path by which a second engine then tries. */
const PERILS: Readonly<Record<string, (store: string) => string>> = {
  'a hard link in its folder': (store) => {
    linkSync(store, `${store}.link`);
    return `${store}.link`;
  },
  'a hard link in another folder': (store) => {
    const link = join(tempFolder(), 'link.db');
    linkSync(store, link);
    return link;
  },
  'its -lock was deleted': (store) => {
    rmSync(`${store}-lock`);
    return store;
  },
};

describe.each(Object.entries(PERILS))('a second engine is refused when there is %s:', (_, endanger) => {
  test('of the same process', async () => {
    const store = tempStore();
    const first = await openTestEngine({ store });
    await first.publish(Noted({ note: 'a' }));
    const other = endanger(store);
    await expect(openTestEngine({ store: other })).rejects.toMatchObject(LOCKED);
    expect(await first.publish(Noted({ note: 'a' }))).toEqual({ position: 2, version: 2 });
    await first.close();
    const next = await openTestEngine({ store: other });
    expect(await next.publish(Noted({ note: 'a' }))).toEqual({ position: 3, version: 3 });
  });

  test.runIf(process.platform === 'linux')('of another process, until that one is killed', async () => {
    const store = tempStore();
    const holder = new Child('hold-store.mjs', store);
    await holder.wrote(1);
    const other = endanger(store);
    await expect(openTestEngine({ store: other })).rejects.toMatchObject(LOCKED);
    await holder.kill();
    const next = await openTestEngine({ store });
    expect(await next.publish(Noted({ note: 'a' }))).toEqual({ position: 1, version: 1 });
  });
});

test.runIf(process.platform === 'linux')(
  'a second engine is refused when the first one has copied its own folder, until that one is killed',
  async () => {
    const store = tempStore();
    const holder = new Child('hold-store.mjs', store, join(tempFolder(), 'copy'));
    await holder.wrote(1);
    await expect(openTestEngine({ store })).rejects.toMatchObject(LOCKED);
    await holder.kill();
    const next = await openTestEngine({ store });
    expect(await next.publish(Noted({ note: 'a' }))).toEqual({ position: 1, version: 1 });
  },
);

test('an engine that has lost its store to another writer in spite of all locks writes nothing more and says so', async () => {
  const store = tempStore();
  const first = await openTestEngine({ store });
  await first.publish(Noted({ note: 'a' }));
  // What the next one does when it opens a store.
  const next = new Database(store);
  next.prepare("UPDATE meta SET value = 'another' WHERE key = 'owner'").run();
  const error = await first.publish(Noted({ note: 'b' })).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(EngineFailedError);
  expect(error.cause).toMatchObject({ ...LOCKED, message: expect.stringContaining(store) });
  next.close();
  await first.close().catch(() => {});
  using reader = openStoreReader(store);
  expect(reader.summary().lastPosition).toBe(1);
  expect(verifyStore(store).ok).toBe(true);
});
