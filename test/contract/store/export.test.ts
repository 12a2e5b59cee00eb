import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { parquetReadObjects } from 'hyparquet';
import { type ExportOptions, exportStore, openStoreReader } from 'millrace/store';
import { beforeAll, describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { makeStore } from '../../support/damaged-store.js';
import { millrace } from '../../support/millrace.js';
import { openTestEngine } from '../../support/open-test-engine.js';
import { runNode } from '../../support/run-script.js';
import { withEvents } from '../../support/segment-edit.js';
import { tempFolder, tempStore } from '../../support/temp-folder.js';

let store: string;
let count: number;

beforeAll(async () => {
  store = await makeStore();
  using reader = openStoreReader(store);
  count = reader.summary().lastPosition;
});

const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

function rowsOf(path: string): Record<string, unknown>[] {
  using reader = openStoreReader(path);
  return [...reader.sql('SELECT * FROM events')];
}

async function exported(name: string, options?: ExportOptions): Promise<string> {
  return (await exportStore(store, join(tempFolder(), name), options)).path;
}

describe('an export', () => {
  test('as a SQLite database has the rows that sql has, indexes, and says what it is', async () => {
    const database = new Database(await exported('out.db'), { readonly: true });
    try {
      const rows = database.prepare('SELECT * FROM events').all() as Record<string, unknown>[];
      expect(rows).toEqual(rowsOf(store).map((row) => ({ ...row, exact: null })));
      const said = database.prepare('SELECT text FROM readme ORDER BY line').pluck().all().join(' ');
      expect(said).toMatch(/export of an event log of Millrace.*exact has.*millrace import/);
      const plan = database.prepare(
        'EXPLAIN QUERY PLAN SELECT * FROM events WHERE aggregate_id = ? AND version > 3',
      );
      expect(plan.get('large')).toMatchObject({ detail: expect.stringContaining('USING INDEX') });
      expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    } finally {
      database.close();
    }
  });

  test('as JSON lines and as CSV has an event a line, compressed or not', async () => {
    const rows = rowsOf(store);
    const lines = linesOf(await exported('out.jsonl'));
    expect(lines).toEqual(
      rows.map((row) => ({
        ...row,
        data: JSON.parse(String(row.data)),
        metadata: JSON.parse(String(row.metadata)),
      })),
    );
    const csv = readFileSync(await exported('out.csv'), 'utf8');
    expect(csv.split('\n')[0]).toBe(Object.keys(rows[0] ?? {}).join(','));
    expect(csv.match(/\n/g)).toHaveLength(count + 1);
    expect(csv).toContain('"{""note"":""note-1"",""value"":""m0001m""}"');
    for (const name of ['out.jsonl', 'out.csv']) {
      const packed = gunzipSync(readFileSync(await exported(`${name}.gz`)));
      expect(packed.equals(readFileSync(await exported(name)))).toBe(true);
    }
  });

  test('as Parquet has typed columns', async () => {
    const bytes = readFileSync(await exported('out.parquet'));
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    const rows = await parquetReadObjects({ file });
    expect(rows).toEqual(
      rowsOf(store).map((row) => ({
        ...row,
        position: BigInt(Number(row.position)),
        version: BigInt(Number(row.version)),
        timestamp: new Date(String(row.timestamp)),
        occurred_at: BigInt(Number(row.occurred_at)),
        caused_by: row.caused_by === null ? null : BigInt(Number(row.caused_by)),
      })),
    );
  });

  test('takes only what is asked for', async () => {
    const all = linesOf(await exported('all.jsonl'));
    const positions = async (options: ExportOptions) =>
      linesOf(await exported('some.jsonl', options)).map((line) => line.position);
    const at = (keep: (line: Record<string, unknown>) => boolean) =>
      all.filter(keep).map((line) => line.position);
    expect(await positions({ from: 10, until: 20 })).toEqual(
      at(({ position }) => Number(position) >= 10 && Number(position) <= 20),
    );
    expect(await positions({ types: ['ledger.credited', 'audit.recorded'] })).toEqual(
      at(({ type }) => type === 'ledger.credited' || type === 'audit.recorded'),
    );
    expect(await positions({ aggregateId: 'note-3', from: 50 })).toEqual(
      at((line) => line.aggregate_id === 'note-3' && Number(line.position) >= 50),
    );
    const time = new Date(Number(all[200]?.occurred_at));
    expect(await positions({ from: time })).toEqual(at((line) => Number(line.occurred_at) >= Number(time)));
    expect(await positions({ until: time })).toEqual(at((line) => Number(line.occurred_at) <= Number(time)));
  });

  test('of a log without such events is empty, in every form', async () => {
    for (const form of ['db', 'jsonl', 'csv', 'parquet', 'jsonl.gz', 'csv.gz']) {
      const path = join(tempFolder(), `out.${form}`);
      const options = { aggregateId: 'nobody', force: true };
      expect(await exportStore(store, path, options)).toMatchObject({ path, events: 0 });
      // It is an export, and may be replaced by one.
      expect(await exportStore(store, path, options)).toMatchObject({ path, events: 0 });
    }
  });

  test.each([
    ['types', { types: ['note.nothing'] }, 'MILLRACE_UNKNOWN_EVENT_TYPE'],
    ['a position', { from: 0 }, 'MILLRACE_INVALID_OPTION'],
    ['a time', { until: new Date(Number.NaN) }, 'MILLRACE_INVALID_OPTION'],
    ['an option', { form: 'csv' }, 'MILLRACE_INVALID_OPTION'],
  ])('refuses %s that it does not know', async (_what, options, code) => {
    await expect(exported('out.csv', options as ExportOptions)).rejects.toMatchObject({ code });
  });

  test.each([
    'out',
    'out.txt',
    'out.db.gz',
    'out.parquet.gz',
    '.gz',
    'out.db-wal',
  ])('refuses a name that says no form: %s', async (name) => {
    await expect(exported(name)).rejects.toMatchObject({ code: 'MILLRACE_INVALID_OPTION' });
  });
});

describe('what is there already', () => {
  const forms = ['out.db', 'out.jsonl', 'out.csv', 'out.jsonl.gz', 'out.csv.gz', 'out.parquet'];

  test.each(forms)('%s is replaced by force if it is an earlier export, and not without', async (name) => {
    const path = await exported(name, { until: 5 });
    const { ino } = statSync(path);
    await expect(exportStore(store, path)).rejects.toMatchObject({
      code: 'MILLRACE_OUTPUT',
      message: expect.stringMatching(/exists\. Name another file, or replace it by force/),
    });
    expect(statSync(path).ino).toBe(ino);
    expect(await exportStore(store, path, { force: true })).toMatchObject({ events: count });
  });

  test.each(forms)('%s is never replaced if it is anything else', async (name) => {
    for (const text of ['precious', '{"position":"mine"}\n', 'PAR1', 'SQLite format 3\0']) {
      const path = join(tempFolder(), name);
      writeFileSync(path, text);
      await expect(exportStore(store, path, { force: true })).rejects.toMatchObject({
        code: 'MILLRACE_OUTPUT',
        message: expect.stringMatching(/no export of Millrace: it is not replaced, not even by force/),
      });
      expect(readFileSync(path, 'utf8')).toBe(text);
      expect(readdirSync(dirname(path))).toEqual([name]);
    }
  });

  test('a store is never written over, under whatever name', async () => {
    const bytes = readFileSync(store);
    const second = join(tempFolder(), 'second.db');
    linkSync(store, second);
    try {
      for (const path of [store, second]) {
        await expect(exportStore(store, path, { force: true })).rejects.toMatchObject({
          code: 'MILLRACE_OUTPUT',
        });
      }
      expect(readFileSync(store).equals(bytes)).toBe(true);
    } finally {
      // A store of two names is refused by others.
      rmSync(second);
    }
  });

  test('links, folders and what lies behind them stay', async () => {
    const folder = tempFolder();
    const target = await exported('target.jsonl');
    symlinkSync(target, join(folder, 'link.jsonl'));
    mkdirSync(join(folder, 'folder.jsonl'));
    symlinkSync(dirname(target), join(folder, 'linked'));
    const before = readFileSync(target);
    for (const name of ['link.jsonl', 'folder.jsonl', 'linked/new.jsonl']) {
      await expect(exportStore(store, join(folder, name), { force: true, until: 2 })).rejects.toMatchObject({
        code: 'MILLRACE_OUTPUT',
      });
    }
    expect(readFileSync(target).equals(before)).toBe(true);
    expect(readdirSync(dirname(target))).toEqual(['target.jsonl']);
  });
});

describe('an export that does not come to its end', () => {
  const forms = ['out.db', 'out.jsonl', 'out.csv.gz', 'out.parquet'];

  test.each(forms)('leaves nothing behind: damaged, or ended by its signal: %s', async (name) => {
    const damaged = withEvents(store, (event) => {
      if (event.position === 300) event.data.fill(0xc1);
    });
    const folder = tempFolder();
    await expect(exportStore(damaged, join(folder, name))).rejects.toMatchObject({
      code: 'MILLRACE_STORE_CORRUPT',
    });
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error('enough'));
    await expect(
      exportStore(store, join(folder, name), { signal: controller.signal, onProgress }),
    ).rejects.toThrow('enough');
    await expect(
      exportStore(store, join(folder, 'new', name), { signal: AbortSignal.abort() }),
    ).rejects.toThrow();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('says which package is missing for Parquet', async () => {
    const hooks = `import { registerHooks } from 'node:module';
      registerHooks({ resolve(name, context, next) {
        if (name !== 'hyparquet-writer') return next(name, context);
        throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
      } });
      const { exportStore } = await import('millrace/store');
      await exportStore(process.argv[1], process.argv[2]).catch(({ code, message }) => console.log(code, message));`;
    const folder = tempFolder();
    const args = ['--input-type=module', '-e', hooks, store, join(folder, 'out.parquet')];
    const { stdout } = await runNode(args);
    expect(stdout).toMatch(/^MILLRACE_PACKAGE_MISSING .*npm install hyparquet-writer/);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('millrace export', () => {
  test('says how many events it wrote, in words and as JSON', async () => {
    const path = join(tempFolder(), 'out.jsonl');
    const { code, stdout, stderr } = await millrace(
      'export',
      store,
      '--to',
      path,
      '--types',
      'note.noted,ledger.credited',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^404 events in .*out\.jsonl \([\d,]+ bytes\)\n$/);
    const json = await millrace(
      'export',
      store,
      '--to',
      path,
      '--json',
      '--force',
      '--from',
      '3',
      '--until',
      '7',
    );
    expect(JSON.parse(json.stdout)).toEqual({
      path,
      form: 'jsonl',
      events: 5,
      bytes: statSync(path).size,
      lastPosition: count,
    });
    const none = await millrace('export', store, '--to', path, '--force', '--until', '1999-01-01');
    expect(none.stderr).toBe('No event of the store is like that.\n');
    const zone = await millrace('export', store, '--to', path, '--force', '--from', '1999-01-01T10:00+02:00');
    expect(zone.stdout).toMatch(new RegExp(`^${count} events`));
  });

  test.each([
    [['export', 'a.db'], 2, /needs a file to write: millrace export a\.db --to/],
    [['export', '--to', 'a.csv'], 2, /needs a file/],
    [['export', 'a.db', '--to', 'a.csv', '--from', 'yesterday'], 2, /--from is 'yesterday'/],
    [['export', 'a.db', '--to', 'a.csv', '--until', '2026-13-01'], 2, /--until is '2026-13-01'/],
    [['export', 'none.db', '--to', 'a.csv'], 1, /^MILLRACE_STORE_PATH: /],
    [['export', 'none.db', '--to', 'a'], 1, /^MILLRACE_INVALID_OPTION: .*\.parquet/],
  ])('%j ends with %d', async (args, code, message) => {
    const outcome = await millrace(...args);
    expect(outcome.stderr).toMatch(message);
    expect(outcome).toMatchObject({ code, stdout: '' });
  });

  test('writes a log that an engine goes on writing, up to where it was', async () => {
    const path = tempStore();
    const engine = await openTestEngine({ store: path, durability: 'os' });
    await engine.publishMany(
      Array.from({ length: 5000 }, (_, value) => Noted({ note: `n${value % 9}`, value })),
    );
    const to = join(tempFolder(), 'out.csv.gz');
    const done = exportStore(path, to);
    await engine.publishMany([1, 2, 3].map((value) => Noted({ note: 'late', value })));
    expect(await done).toMatchObject({ events: 5000, lastPosition: 5000 });
    expect(gunzipSync(readFileSync(to)).toString().match(/\n/g)).toHaveLength(5001);
  });
});
