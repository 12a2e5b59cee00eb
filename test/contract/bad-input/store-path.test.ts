import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { openEngine } from 'millrace';
import { openStoreReader } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { liveThreads } from '../../support/live-threads.js';
import { openForTests } from '../../support/open-test-engine.js';
import { tempFolder } from '../../support/temp-folder.js';

const PATH = 'MILLRACE_STORE_PATH';
const FOREIGN = 'MILLRACE_STORE_FOREIGN';
const NEWER = 'MILLRACE_STORE_NEWER';
const OLDER = 'MILLRACE_STORE_OLDER';

function writeSqlite(path: string, write: (database: Database.Database) => void): string {
  const database = new Database(path);
  write(database);
  database.close();
  return path;
}

function writeBytes(path: string, bytes: Uint8Array): string {
  writeFileSync(path, bytes);
  return path;
}

async function storeOfVersion(version: number, path: string): Promise<string> {
  const engine = await openForTests({ store: path });
  await engine.publish(Noted({ note: 'a' }));
  await engine.close();
  return writeSqlite(path, (database) => database.pragma(`user_version = ${version}`));
}

/** What is there, how it is made in a folder (returns the store's path), the code, what the message says. */
const REFUSED: readonly [string, (folder: string) => string | Promise<string>, string, string][] = [
  ['a folder', (folder) => folder, PATH, 'is a directory'],
  ['a path in a missing folder', (folder) => join(folder, 'no', 'events.db'), PATH, 'does not exist'],
  [
    'a path below a file',
    (folder) => join(writeBytes(join(folder, 'file'), randomBytes(8)), 'events.db'),
    PATH,
    'cannot be used',
  ],
  [
    'random bytes',
    (folder) => writeBytes(join(folder, 'a.db'), randomBytes(5000)),
    FOREIGN,
    'not a SQLite file',
  ],
  ['one byte', (folder) => writeBytes(join(folder, 'a.db'), randomBytes(1)), FOREIGN, 'not a SQLite file'],
  ['text', (folder) => writeBytes(join(folder, 'a.csv'), Buffer.from('a,b\n1,2\n')), FOREIGN, 'not a SQLite'],
  [
    'a SQLite file without application id',
    (folder) => writeSqlite(join(folder, 'a.db'), (database) => database.exec('CREATE TABLE events (a)')),
    FOREIGN,
    "another program's",
  ],
  [
    "another program's SQLite file in WAL mode",
    (folder) =>
      writeSqlite(join(folder, 'a.db'), (database) => {
        database.pragma('journal_mode = WAL');
        database.pragma('application_id = 1196444487');
        database.exec('CREATE TABLE layers (a)');
      }),
    FOREIGN,
    "another program's",
  ],
  [
    'our file of a newer format',
    (folder) => storeOfVersion(99, join(folder, 'a.db')),
    NEWER,
    'has format 99',
  ],
  ['our file of format 1', (folder) => storeOfVersion(1, join(folder, 'a.db')), OLDER, 'millrace 0.1 reads'],
];

/** Every file of a folder and the hash of its bytes. */
function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ name }) => {
      const bytes = readFileSync(join(folder, name));
      return [name, createHash('sha256').update(bytes).digest('hex')];
    }),
  );
}

describe('a store path is refused, and nothing there is touched:', () => {
  test.each(REFUSED)('%s', async (_name, make, code, says) => {
    const folder = tempFolder();
    const store = await make(folder);
    const before = contents(folder);
    const error = await openEngine({ events: [Noted], threads: 0, store }).catch((thrown) => thrown);
    expect(liveThreads()).toEqual([]);
    expect(contents(folder)).toEqual(before);
    expect(error).toMatchObject({ code });
    expect(error.message).toContain(says);
    expect(error.message).toContain(dirname(store));
    expect(() => openStoreReader(store)).toThrow(expect.objectContaining({ code }));
    expect(contents(folder)).toEqual(before);
  });
});

test('an empty file is a new store', async () => {
  const store = writeBytes(join(tempFolder(), 'empty.db'), Buffer.alloc(0));
  const engine = await openForTests({ store });
  expect(await engine.publish(Noted({ note: 'a' }))).toEqual({ position: 1, version: 1 });
  await engine.close();
  const reader = openStoreReader(store);
  expect(reader.summary()).toMatchObject({ lastPosition: 1, unfinished: 0 });
  reader.close();
});

test('a reader makes no store, and takes no empty file', () => {
  const folder = tempFolder();
  const empty = writeBytes(join(folder, 'empty.db'), Buffer.alloc(0));
  for (const path of [empty, join(folder, 'missing.db')]) {
    expect(() => openStoreReader(path)).toThrow(expect.objectContaining({ code: PATH }));
  }
  expect(readdirSync(folder)).toEqual(['empty.db']);
});
