import { readdirSync } from 'node:fs';
import { openEngine } from 'millrace';
import { sweep } from 'millrace/backtest';
import { createEventBus, createEventStorage, createEventSystem } from 'millrace/bus';
import { discardDeadLetters, openStoreReader, retryDeadLetters, verifyStore } from 'millrace/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { candlesFromCloses } from '../../support/backtest/helpers.js';
import { tempFolder } from '../../support/temp-folder.js';

const events = [Noted];
const here = process.cwd();
const folder = tempFolder();
beforeAll(() => process.chdir(folder));
afterAll(() => process.chdir(here));

/** What is no path, and what to write instead. */
const NO_PATHS: readonly (readonly [unknown, RegExp])[] = [
  [':memory:', /For a log in memory leave the path out/],
  [':temp:', /For a log in memory leave the path out/],
  ['memory', /For a log in memory leave the path out/],
  ['in-memory', /For a log in memory leave the path out/],
  ['undefined', /write '\.\/' before it/],
  ['file:shop.db', /Pass fileURLToPath\(url\)/],
  ['file::memory:?cache=shared', /Pass fileURLToPath\(url\)/],
  ['FILE:///tmp/shop.db', /Pass fileURLToPath\(url\)/],
  [new URL('file:///tmp/shop.db'), /Pass fileURLToPath\(url\)/],
  ['sqlite://shop.db', /it is a URL/],
  ['sqlite:shop.db', /it is a URL/],
  ['postgres://localhost/shop', /it is a URL/],
  ['shop.db?mode=memory', /a path has none/],
  ['', /it is empty/],
  [' shop.db', /white space/],
  ['shop.db\n', /white space/],
  ['shop\n.db', /control character/],
  ['shop\0.db', /control character/],
  ['shop\ud800.db', /half a character/],
  ['data/', /names a folder/],
  ['data\\', /names a folder/],
  ['shop.db-wal', /beside a store/],
  ['shop.db-lock', /beside a store/],
  ['shop.db-processing', /beside a store/],
  [5, /type number/],
  [null, /null/],
  [['shop.db'], /type object/],
  [Buffer.from('shop.db'), /type object/],
  [new String('shop.db'), /type object/],
];

const candles = candlesFromCloses([10, 11, 12]);

const CALLS: readonly (readonly [string, (path: never) => unknown])[] = [
  ['openEngine', (store) => openEngine({ events, store })],
  ['createEventBus', (store) => createEventBus({ events, store })],
  ['createEventStorage', (path) => createEventStorage({ events, path })],
  ['createEventSystem', (store) => createEventSystem({ events, store })],
  ['openStoreReader', (path) => openStoreReader(path)],
  ['verifyStore', (path) => verifyStore(path)],
  ['retryDeadLetters', (path) => retryDeadLetters(path, 'all')],
  ['discardDeadLetters', (path) => discardDeadLetters(path, 'all')],
  ['sweep', (store) => sweep({ candles, strategy: 'rsi', store, threads: 0 })],
];

describe.each(CALLS)('%s refuses what is no path, and makes no file:', (_name, call) => {
  test.each(NO_PATHS)('%j', async (path, says) => {
    const error: unknown = await (async () => call(path as never))().catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'MILLRACE_INVALID_OPTION' });
    const { message } = error as Error;
    expect(message).toContain('must be the path of a file');
    expect(message).toMatch(says);
    expect(readdirSync(folder)).toEqual([]);
  });
});

test.each([
  './memory',
  'C:shop.db',
  'a:b.db',
  'büro.db',
  'memory.db',
  'file.db',
  './:memory:',
])('a file named %s is a store', async (store) => {
  const engine = await openEngine({ events, store: `${folder}/${store}`, threads: 0 });
  await engine.publish(Noted({ note: 'a' }));
  await engine.close();
  expect(verifyStore(`${folder}/${store}`)).toMatchObject({ ok: true, events: 1 });
});
