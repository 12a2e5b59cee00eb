import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { ROOT, runNode } from '../../support/run-script.js';
import { tempFolder } from '../../support/temp-folder.js';

// Processes are started here, beside all other test files.
vi.setConfig({ testTimeout: 120_000 });

const EVENTS = `
import * as main from 'millrace';
import * as buses from 'millrace/bus';
import * as publishers from 'millrace/publisher';
import * as stores from 'millrace/store';
import { z } from 'zod';
const millrace = { ...main, ...buses, ...publishers, ...stores };
const Noted = millrace.defineEvent('note.noted', { schema: z.object({ note: z.string() }), aggregateId: () => 'a' });
const events = [Noted];
const note = Noted({ note: 'a' });
`;

/** Everything that lies in memory. */
const IN_MEMORY = `${EVENTS}
millrace.createPublisher({ events }).publish(note);
const engine = await millrace.openEngine({ events, threads: 0 });
await engine.publish(note);
await engine.close();
const { bus, storage, start, stop } = await millrace.createEventSystem({ events, threads: 0 });
const failed = [];
bus.subscribe(Noted, () => { throw new Error('never'); }, { name: 'never' });
await start();
const { id } = await storage.store(note);
await bus.drain();
await storage.markProcessed(id, { result: { fine: true } });
console.log(JSON.stringify({
  failed: (await bus.failedEvents.list()).map(({ error }) => error.message),
  log: (await storage.processingLog()).map(({ number, handler, outcome, result }) => [number, handler, outcome, result]),
  trimmed: storage.trimProcessingLog(2),
  cleared: await bus.failedEvents.clear(),
  left: (await storage.processingLog()).length,
}));
await stop();
`;

/** A user's folder in which the package lies with all that it needs, SQLite as a copy that may be broken. */
function userFolder(): { folder: string; sqlite: string } {
  const folder = tempFolder();
  const modules = join(folder, 'node_modules');
  const own = join(modules, 'millrace');
  mkdirSync(own, { recursive: true });
  for (const name of ['dist', 'package.json']) cpSync(join(ROOT, name), join(own, name), { recursive: true });
  for (const name of ['zod', 'msgpackr', 'piscina', '@opentelemetry', 'csv-parse']) {
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  const sqlite = join(modules, 'better-sqlite3');
  mkdirSync(sqlite);
  for (const name of ['lib', 'package.json', 'prebuilds']) {
    cpSync(join(ROOT, 'node_modules/better-sqlite3', name), join(sqlite, name), { recursive: true });
  }
  return { folder, sqlite };
}

function run(folder: string, program: string, ...args: string[]) {
  writeFileSync(join(folder, 'main.mjs'), program);
  return runNode([...args, 'main.mjs'], { cwd: folder });
}

describe('what lies in memory', () => {
  test('does all that it does in a file without SQLite', async () => {
    const { folder, sqlite } = userFolder();
    rmSync(sqlite, { recursive: true });
    const { stdout, stderr } = await run(folder, IN_MEMORY);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      failed: ['never'],
      log: [
        [1, 'never', 'failed', null],
        [2, 'storage', 'done', { fine: true }],
      ],
      trimmed: 2,
      cleared: 1,
      left: 0,
    });
  });

  test('loads no file of SQLite where it is installed', async () => {
    const { folder } = userFolder();
    const loaded = `${IN_MEMORY}
      const { createRequire } = await import('node:module');
      const { cache } = createRequire(import.meta.url);
      const native = process.report.getReport().sharedObjects;
      console.log(JSON.stringify([...Object.keys(cache), ...native].filter((file) => file.includes('sqlite'))));
    `;
    const { stdout, stderr } = await run(folder, loaded);
    expect(stderr).toBe('');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('[]');
  });
});

describe('without the native part of SQLite', () => {
  const CALLS = `${EVENTS}
    const tell = (error) => console.log(error.code, error.message);
    await millrace.openEngine({ events, store: 'a.db', threads: 0 }).catch(tell);
    await millrace.createEventStorage({ events, path: 'a.db', threads: 0 }).catch(tell);
  `;

  test.each<[string, (sqlite: string) => void]>([
    ['that was removed', (sqlite) => rmSync(join(sqlite, 'prebuilds'), { recursive: true })],
    ['because the package is not there', (sqlite) => rmSync(sqlite, { recursive: true })],
    [
      'that is of another platform',
      (sqlite) => {
        mkdirSync(join(sqlite, 'build/Release'), { recursive: true });
        writeFileSync(join(sqlite, 'build/Release/better_sqlite3.node'), 'no library');
      },
    ],
  ])('%s, a store is refused with a code and a cure', async (_why, damage) => {
    const { folder, sqlite } = userFolder();
    damage(sqlite);
    const { stdout, stderr } = await run(folder, CALLS);
    expect(stderr).toBe('');
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      expect(line).toMatch(/^MILLRACE_SQLITE_MISSING SQLite cannot be loaded on .*npm install/);
    }
    const cli = await runNode(['node_modules/millrace/dist/src/cli/millrace.js', 'inspect', 'b.db'], {
      cwd: folder,
    });
    expect(cli.code).toBe(1);
    expect(cli.stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
