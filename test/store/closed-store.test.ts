import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { openEngine } from 'millrace';
import { openStoreReader, verifyStore } from 'millrace/store';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Noted } from '../handlers/events.mjs';
import { millrace } from '../support/millrace.js';
import { openTestEngine } from '../support/open-test-engine.js';
import { tempFolder, tempStore } from '../support/temp-folder.js';

const CLI = fileURLToPath(new URL('../../dist/src/cli/millrace.js', import.meta.url));

async function closedStore(notes: number, store = tempStore()): Promise<string> {
  const engine = await openTestEngine({ store });
  for (let note = 0; note < notes; note++) await engine.publish(Noted({ note: `n${note}` }));
  await engine.close();
  return store;
}

/** Every file of the store's folder, with its bytes and the time of its last change. */
function contents(store: string): unknown {
  const folder = dirname(store);
  return readdirSync(folder).map((name) => {
    const path = join(folder, name);
    return [name, readFileSync(path).toString('base64'), statSync(path).mtimeMs];
  });
}

describe('a closed store', () => {
  test('has no files beside it but the empty lock', async () => {
    const store = await closedStore(3);
    expect(readdirSync(dirname(store))).toEqual(['events.db', 'events.db-lock']);
  });

  test.each([
    ['inspect', '--fingerprint'],
    ['read'],
    ['trace', '--position', '1'],
    ['verify'],
    ['dead-letters'],
  ])('is left as it was by millrace %s', async (command, ...options) => {
    const store = await closedStore(3);
    const before = contents(store);
    expect(await millrace(command, store, ...options)).toMatchObject({ code: 0 });
    expect(contents(store)).toEqual(before);
  });

  test('is left as it was by a reader that is killed in the middle', async () => {
    const store = await closedStore(3);
    const before = contents(store);
    const script = `const { openStoreReader } = await import(${JSON.stringify(import.meta.resolve('millrace/store'))});
      openStoreReader(${JSON.stringify(store)}).read().next(); process.kill(process.pid, 'SIGKILL');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
    await once(child, 'exit');
    expect(contents(store)).toEqual(before);
  });

  test('is readable in a folder into which the reader may not write', async () => {
    const folder = tempFolder();
    const store = await closedStore(3, join(folder, 'events.db'));
    const other = { uid: 65_534, gid: 65_534 };
    if (process.getuid?.() === 0) chmodSync(folder, 0o755);
    else chmodSync(folder, 0o555);
    onTestFinished(() => chmodSync(folder, 0o755));
    const options = process.getuid?.() === 0 ? other : {};
    for (const command of ['inspect', 'verify', 'read', 'dead-letters']) {
      execFileSync(process.execPath, [CLI, command, store], { ...options, cwd: '/' });
    }
  });
});

describe('a WAL that is not its own, beside a closed store,', () => {
  test('is refused by whatever opens it, and nothing is changed', async () => {
    const path = tempStore();
    const other = await openTestEngine({ store: path });
    await other.publish(Noted({ note: 'of another store' }));
    const store = await closedStore(3);
    copyFileSync(`${path}-wal`, `${store}-wal`);
    const before = contents(store);
    const refused = expect.objectContaining({ message: expect.stringContaining(`${store}-wal`) });
    expect(() => openStoreReader(store)).toThrow(refused);
    expect(() => verifyStore(store)).toThrow(refused);
    await expect(openEngine({ events: [Noted], threads: 0, store })).rejects.toMatchObject({
      code: 'MILLRACE_STORE_CORRUPT',
    });
    expect(contents(store)).toEqual(before);
  });
});

describe('what is no regular file is refused, by what it is:', () => {
  const cases: readonly [string, (folder: string) => string | Promise<string>, string][] = [
    ['/dev/null', () => '/dev/null', 'a device'],
    ['/dev/zero', () => '/dev/zero', 'a device'],
    [
      'a named pipe',
      (folder) => {
        execFileSync('mkfifo', [join(folder, 'pipe')]);
        return join(folder, 'pipe');
      },
      'a named pipe',
    ],
    [
      'a socket',
      async (folder) => {
        const server = createServer().listen(join(folder, 'socket'));
        await once(server, 'listening');
        onTestFinished(() => {
          server.close();
        });
        return join(folder, 'socket');
      },
      'a socket',
    ],
  ];
  test.runIf(existsSync('/dev/null')).each(cases)('%s', async (_, make, what) => {
    const folder = tempFolder();
    mkdirSync(folder, { recursive: true });
    const path = await make(folder);
    const refused = { code: 'MILLRACE_STORE_PATH', message: expect.stringContaining(what) };
    await expect(openEngine({ events: [Noted], threads: 0, store: path })).rejects.toMatchObject(refused);
    expect(() => openStoreReader(path)).toThrow(expect.objectContaining(refused));
    expect(() => verifyStore(path)).toThrow(expect.objectContaining(refused));
  });
});

test('a store with a reader stays readable when its engine closes, and the next engine tidies up', async () => {
  const store = tempStore();
  const engine = await openTestEngine({ store });
  await engine.publish(Noted({ note: 'a' }));
  const reader = openStoreReader(store);
  expect(reader.summary().lastPosition).toBe(1);
  await engine.close();
  expect(reader.last(5)).toHaveLength(1);
  reader.close();
  await closedStore(1, store);
  expect(readdirSync(dirname(store))).toEqual(['events.db', 'events.db-lock']);
  const database = new Database(store, { readonly: true });
  expect(database.pragma('journal_mode', { simple: true })).toBe('delete');
  database.close();
});
