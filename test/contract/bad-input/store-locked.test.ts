import { symlinkSync } from 'node:fs';
import { relative } from 'node:path';
import { openEngine } from 'millrace';
import { StoreLockedError } from 'millrace/errors';
import { openStoreReader } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { collect } from '../../support/collect.js';
import { openTestEngine } from '../../support/open-test-engine.js';
import { tempFolder, tempStore } from '../../support/temp-folder.js';

const events = [Noted];

/** Opens a store twice, the second time under another name; the second must be refused until the first is closed. */
async function expectLocked(store: string, other: string): Promise<void> {
  const first = await openTestEngine({ events, store });
  await first.publish(Noted({ note: 'first' }));
  const refused = await openEngine({ events, threads: 0, store: other }).catch((thrown) => thrown);
  // Should it have opened, it must not stay open.
  if (!(refused instanceof Error)) await refused.close();
  expect(refused).toBeInstanceOf(StoreLockedError);
  expect(refused).toMatchObject({ code: 'MILLRACE_STORE_LOCKED' });
  expect(refused.message).toContain(other.split('/').at(-1));
  // The first one has not noticed.
  await first.publish(Noted({ note: 'first' }));
  await first.close();
  const second = await openTestEngine({ events, store: other });
  expect(await second.publish(Noted({ note: 'first' }))).toEqual({ position: 3, version: 3 });
  expect(await collect(second)).toHaveLength(3);
}

describe('a store has one engine at a time:', () => {
  test('by the same path', async () => {
    const store = tempStore();
    await expectLocked(store, store);
  });

  test('by a relative path', async () => {
    const store = tempStore();
    await expectLocked(store, relative(process.cwd(), store));
  });

  test('by a symbolic link', async () => {
    const folder = tempFolder();
    const store = `${folder}/events.db`;
    symlinkSync(store, `${folder}/link.db`);
    await expectLocked(store, `${folder}/link.db`);
  });

  test('of two that open at once', async () => {
    const store = tempStore();
    const outcomes = await Promise.allSettled([openTestEngine({ store }), openTestEngine({ store })]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'MILLRACE_STORE_LOCKED' },
    });
  });

  test('and any number of readers meanwhile', async () => {
    const store = tempStore();
    const engine = await openTestEngine({ events, store });
    await engine.publish(Noted({ note: 'a' }));
    const readers = [openStoreReader(store), openStoreReader(store)];
    expect(readers.map((reader) => reader.summary().lastPosition)).toEqual([1, 1]);
    for (const reader of readers) reader.close();
  });
});
