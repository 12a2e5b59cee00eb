import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStoreReader } from 'millrace/store';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Child } from '../../support/child.js';
import { makeStore, oneRow, withBytes, withSql } from '../../support/damaged-store.js';
import { millrace } from '../../support/millrace.js';
import { runNode } from '../../support/run-script.js';
import { tempFolder, tempStore } from '../../support/temp-folder.js';

// Processes are started here, beside all other test files.
vi.setConfig({ testTimeout: 120_000 });

const CLI = fileURLToPath(new URL('../../../dist/src/cli/millrace.js', import.meta.url));
const COUNT = 'SELECT type, count(*) AS n FROM events GROUP BY type ORDER BY n DESC LIMIT 2';
const ENDLESS = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n';

let store: string;

beforeAll(async () => {
  store = await makeStore();
});

describe('millrace sql', () => {
  test('prints a table in which numbers stand at the right', async () => {
    const { code, stdout, stderr } = await millrace('sql', store, COUNT);
    expect(stdout).toBe('type               n\nnote.noted       402\nfailing.parking    6\n');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('prints JSON, an object a line, and CSV with headings', async () => {
    const statement = `SELECT position, 'a "b",' || char(10) AS text, NULL AS none FROM events LIMIT 2`;
    expect((await millrace('sql', store, statement, '--json')).stdout).toBe(
      '{"position":1,"text":"a \\"b\\",\\n","none":null}\n{"position":2,"text":"a \\"b\\",\\n","none":null}\n',
    );
    expect((await millrace('sql', store, statement, '--csv')).stdout).toBe(
      'position,text,none\n1,"a ""b"",\n",\n2,"a ""b"",\n",\n',
    );
  });

  test('says when it prints no more, and when there is nothing', async () => {
    const some = await millrace('sql', store, 'SELECT position FROM events', '--limit', '3');
    expect(some.stdout.split('\n')).toHaveLength(5);
    expect(some.stderr).toBe('… and more than 3 rows; see --limit\n');
    const whole = await millrace('sql', store, ENDLESS);
    expect(whole.stdout.split('\n')).toHaveLength(1002);
    expect(whole.stderr).toMatch(/more than 1000 rows/);
    const none = await millrace('sql', store, 'SELECT position FROM events WHERE false');
    expect(none).toMatchObject({ code: 0, stdout: 'position\n', stderr: 'No rows.\n' });
    expect((await millrace('sql', store, 'SELECT 1 WHERE false', '--json')).stdout).toBe('');
  });

  test('cuts cells so that a row fits the terminal, unless all of it is wanted', async () => {
    const columns = Object.getOwnPropertyDescriptor(process.stdout, 'columns');
    Object.defineProperty(process.stdout, 'columns', { value: 60, configurable: true });
    onTestFinished(() => {
      if (columns) Object.defineProperty(process.stdout, 'columns', columns);
      else Reflect.deleteProperty(process.stdout, 'columns');
    });
    const { stdout } = await millrace('sql', store, 'SELECT position, type, data, metadata FROM events');
    const lines = stdout.trimEnd().split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
    expect(lines[1]).toMatch(/^ +1 {2}note\.noted {2}\{"note":.*…/);
    const full = await millrace('sql', store, 'SELECT data FROM events WHERE length(data) > 100', '--full');
    expect(full.stdout).toContain('middle-1');
  });

  test('shows nothing that a terminal obeys', async () => {
    const { stdout } = await millrace('sql', store, "SELECT char(27) || '[2J' || char(10) AS text, 1 AS n");
    expect(stdout).toBe('text         n\n\\u001b[2J\\n  1\n');
  });

  test('takes values for the question marks as texts', async () => {
    const { stdout } = await millrace(
      'sql',
      store,
      'SELECT count(*) AS n FROM events_of(?)',
      '--param',
      'large',
    );
    expect(stdout).toBe('n\n2\n');
  });

  test.each([
    [['sql'], 2, /needs a file/],
    [['sql', 'a', 'SELECT', '1'], 2, /'1' is a second one. Put it in quotes/],
    [['sql', 'a', 'SELECT 1', '--json', '--csv'], 2, /exclude each other/],
    [['sql', 'a', 'SELECT 1', '--limit', '0'], 2, /--limit is '0'/],
    [['sql', 'none.db', 'SELECT 1'], 1, /^MILLRACE_STORE_PATH: /],
    [['sql', 'none.db'], 1, /^MILLRACE_STORE_PATH: /],
    [['sql', CLI, 'SELECT 1'], 1, /^MILLRACE_STORE_FOREIGN: /],
  ])('%j ends with %d', async (args, code, message) => {
    const outcome = await millrace(...args);
    expect(outcome.stderr).toMatch(message);
    expect(outcome).toMatchObject({ code, stdout: '' });
  });

  test.each([
    ['DELETE FROM events', /^MILLRACE_SQL_READ_ONLY: 'DELETE' is refused/],
    ['SELECT * FROM orders', /^MILLRACE_SQL: SQLite: no such table: orders\. The tables are events, /],
  ])('%s ends with 1', async (statement, message) => {
    const outcome = await millrace('sql', store, statement);
    expect(outcome.stderr).toMatch(message);
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
  });

  test('ends as inspect does on a store that is damaged, of another format, or open elsewhere', async () => {
    const noStores = [
      withSql(store, 'PRAGMA user_version = 1'),
      withSql(store, 'PRAGMA user_version = 3'),
      withSql(store, 'DROP TABLE segments'),
      withBytes(store, (bytes) => bytes.fill(0xff, 100, 200)),
      withSql(store, 'DELETE FROM segments WHERE first > 100 AND first < 300'),
    ];
    for (const path of noStores) {
      const [inspected, asked] = [
        await millrace('inspect', path),
        await millrace('sql', path, 'SELECT * FROM events', '--csv'),
      ];
      expect(asked.code).toBe(inspected.code);
      expect(asked.stderr.split(':')[0]).toBe(inspected.stderr.split(':')[0]);
    }
    const copy = tempStore();
    copyFileSync(store, copy);
    const holder = new Child('hold-store.mjs', copy);
    await holder.wrote(1);
    expect(await millrace('sql', copy, COUNT)).toMatchObject({ code: 0, stderr: '' });
  });

  test('is quiet when the reader of its output has gone, and ends by Ctrl-C', async () => {
    for (const end of ['pipe', 'SIGINT'] as const) {
      const child = spawn(process.execPath, [CLI, 'sql', store, ENDLESS, '--json'], {
        env: { ...process.env, NODE_OPTIONS: '' },
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      let errors = '';
      child.stderr.on('data', (text) => {
        errors += text;
      });
      await once(child.stdout, 'data');
      if (end === 'pipe') child.stdout.destroy();
      else child.kill(end);
      const [code, signal] = await once(child, 'exit');
      expect({ code, signal, errors }).toEqual(
        end === 'pipe' ? { code: 0, signal: null, errors: '' } : { code: null, signal: end, errors: '' },
      );
    }
  });

  test('leaves no file behind beside the store', async () => {
    const folder = tempFolder();
    const copy = join(folder, 'events.db');
    copyFileSync(store, copy);
    await millrace('sql', copy, 'SELECT data FROM events ORDER BY data');
    expect(readdirSync(dirname(copy))).toEqual(['events.db']);
  });
});

describe('millrace sql without a statement', () => {
  const ask = (input: string, ...options: string[]) => runNode([CLI, 'sql', store, ...options], { input });

  test('takes statements of several lines from stdin, each up to its semicolon', async () => {
    const { code, stdout, stderr } = await ask(
      `SELECT 'a;b' AS a -- not here;\n  , /* nor ; here */ 2 AS "b;";\n\nSELECT 3 AS c; SELECT 4 AS d\n`,
      '--json',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe('{"a":"a;b","b;":2}\n{"c":3}\n{"d":4}\n');
  });

  test('knows .tables, .schema, .help and .quit', async () => {
    const { code, stdout } = await ask('.tables\n.schema\n.help\n.unknown\nSELECT 7;\n.quit\nSELECT 8;\n');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^events_between\(first, last\) {2}the events from one position to another/m);
    expect(stdout).toMatch(/^events_of\(aggregate_id\)\n {2}position, type, type_version, aggregate_id/m);
    expect(stdout).toMatch(/ends with a semicolon/);
    expect(stdout).toMatch(/There is no '\.unknown'/);
    expect(stdout).toMatch(/^7$/m);
    expect(stdout).not.toMatch(/^8$/m);
  });

  test('ends a script at its first error', async () => {
    const { code, stdout, stderr } = await ask(
      'SELECT 1 AS a;\nDROP TABLE events;\nSELECT 2 AS b;\n',
      '--json',
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: '{"a":1}\n' });
    expect(stderr).toMatch(/^MILLRACE_SQL_READ_ONLY: /);
  });
});

describe('sql while another process writes and packs', () => {
  test('sees a whole log at every moment, up to what was committed', async () => {
    const path = tempStore();
    const writer = new Child('write-and-pack.mjs', path);
    await writer.wrote(1);
    using reader = openStoreReader(path);
    let packed = 0;
    for (let round = 2; packed < 5 || round < 10; round++) {
      await writer.wrote(Math.min(50, round));
      const known = Number(writer.lines.at(-1));
      const [row] = reader.sql(`SELECT count(*) AS n, max(position) AS last, sum(data ->> '$.price') AS sum,
        count(DISTINCT position) AS positions FROM events`);
      const n = Number(row?.n);
      expect(n).toBeGreaterThanOrEqual(known);
      expect(row).toEqual({ n, last: n, positions: n, sum: (n / 1000) * 1500 });
      const [of] = reader.sql("SELECT count(*) AS n, max(version) AS version FROM events_of('a3')");
      expect(of?.n).toBe(of?.version);
      const [counted] = reader.sql('SELECT sum(events) AS n FROM aggregates');
      expect(Number(counted?.n)).toBeGreaterThanOrEqual(n);
      [packed = 0] = oneRow(path, 'SELECT count(*) FROM segments WHERE packed = 1') as number[];
    }
    const { code, stdout } = await millrace(
      'sql',
      path,
      'SELECT count(*) > 1000 AS ok FROM events',
      '--json',
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: '{"ok":1}\n' });
    await writer.kill();
    // What a killed process leaves is read as well.
    expect((await millrace('sql', path, 'SELECT count(*) > 1000 AS ok FROM events', '--json')).code).toBe(0);
  });
});
