import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { millrace } from '../support/millrace.js';
import { tempFolder } from '../support/temp-folder.js';

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const MILLRACE = path('../../dist/src/cli/millrace.js');
const APP = path('../fixtures/profiled-app.mjs');

function profile(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MILLRACE, 'profile', ...args], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '--max-http-header-size=20000' },
  });
  return { status, stdout, stderr };
}

// The programs burn CPU for seconds on a quiet machine; the bound only catches a hang.
describe('millrace profile', { timeout: 240_000 }, () => {
  test('profiles a program that was not changed, and says what was found', async () => {
    const out = tempFolder();
    const { status, stdout, stderr } = profile('--out', out, '--', process.execPath, APP);
    expect(stderr).toContain('planted/planted.burned');
    expect(stderr).toContain(`Report: ${join(out, 'report.html')}`);
    expect(status).toBe(0);
    // What the program starts itself is not profiled, and keeps its own options.
    expect(stdout).toContain("child options: '--max-http-header-size=20000'");
    const summary = JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8'));
    expect(summary.handlers[0]).toMatchObject({ handler: 'planted/planted.burned', thread: 'lane-0' });

    const worse = tempFolder();
    const slow = structuredClone(summary);
    for (const row of slow.handlers) row.cpuMs *= 2;
    writeFileSync(join(worse, 'summary.json'), JSON.stringify(slow));
    const compare = (...args: readonly string[]) => millrace('profile', 'diff', out, ...args);
    expect((await compare(out)).code).toBe(0);
    const diff = await compare(worse);
    expect(diff.code).toBe(1);
    expect(diff.stdout).toContain('planted/planted.burned');
    expect(JSON.parse((await compare(worse, '--json')).stdout).regressions.length).toBeGreaterThan(0);
    expect((await compare(worse, '--threshold', '150')).code).toBe(0);
  });

  test('Ctrl-C writes the profile before the program ends as it would have', async () => {
    const out = tempFolder();
    const child = spawn(
      process.execPath,
      [MILLRACE, 'profile', '--out', out, '--', process.execPath, APP, '--wait'],
      {
        // A group of its own: a terminal sends Ctrl-C to the command and to the program.
        detached: true,
      },
    );
    let output = '';
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    child.stderr.on('data', (text) => {
      output += String(text);
    });
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (text) => {
        if (String(text).includes('waiting')) resolve();
      });
    });
    process.kill(-(child.pid as number), 'SIGINT');
    expect(await ended).toBe(130);
    expect(output).toContain('Report: ');
    expect(existsSync(join(out, 'report.html'))).toBe(true);
  });

  test('without an engine says that there is no profile', () => {
    const out = join(tempFolder(), 'a', 'b');
    const { status, stderr } = profile('--out', out, '--', process.execPath, '-e', '1');
    expect(status).toBe(1);
    expect(stderr).toContain('the program opened no engine');
    expect(existsSync(join(out, '..'))).toBe(false);
  });

  test('leaves the channel between processes to the program', () => {
    const script = "process.send?.({ kind: 'failed', text: 'mine' }); console.log(typeof process.send)";
    const { stdout, stderr } = profile('--', process.execPath, '-e', script);
    expect(stdout).toContain('undefined');
    expect(stderr).not.toContain('mine');
  });

  test('what a program writes to the descriptor of the profiler is no message', () => {
    const script = 'require(\'fs\').writeSync(3, \'hello\\nnull\\n{"kind":"other"}\\n\')';
    const { status, stderr } = profile('--', process.execPath, '-e', script);
    expect(status).toBe(1);
    expect(stderr).toContain('the program opened no engine');
  });

  test('a folder of somebody else is refused before the program runs', () => {
    const out = tempFolder();
    writeFileSync(join(out, 'report.html'), 'mine');
    const { status, stdout, stderr } = profile(
      '--out',
      out,
      '--',
      process.execPath,
      '-e',
      'console.log("ran")',
    );
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^MILLRACE_OUTPUT: /);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toBe('mine');
    expect(profile('--force', '--out', out, '--', process.execPath, '-e', 'console.log("ran")').stdout).toBe(
      'ran\n',
    );
  });

  test('a failure to write says so, and not that there was no engine', () => {
    const out = tempFolder();
    const script = `require('node:fs').writeFileSync(${JSON.stringify(join(out, 'summary.md'))}, 'x'); import(${JSON.stringify(new URL('../fixtures/profiled-app.mjs', import.meta.url).href)})`;
    const { status, stderr } = profile('--out', out, '--', process.execPath, '-e', script);
    expect(status).toBe(1);
    expect(stderr).toContain('the profile failed: MILLRACE_OUTPUT: ');
    expect(stderr).not.toContain('opened no engine');
  });

  test.runIf(process.platform === 'linux')(
    'a folder that the system cannot make is refused, and not tried for ever',
    async () => {
      const { code, stderr } = await millrace(
        'profile',
        ...['--out', '/proc/millrace', '--', process.execPath, '-e', '1'],
      );
      expect(code).toBe(1);
      expect(stderr).toContain("MILLRACE_OUTPUT: '/proc/millrace' cannot be written");
    },
  );

  test('ends as the program ends', () => {
    expect(profile('--', process.execPath, '-e', 'process.exit(7)').status).toBe(7);
  });

  test.each([
    ['no program', [], "needs a program behind '--'"],
    ['an argument before the border', ['app.js'], "needs a program behind '--'"],
    ['seconds', ['--seconds', '0', '--', 'node'], '--seconds'],
    ['an interval', ['--interval', '1', '--', 'node'], '--interval'],
    ['a program that is not there', ['--', 'no-such-program'], 'cannot be run'],
    ['a program without a name', ['--', ''], 'cannot be run'],
    ['a program whose name is too long', ['--', '9'.repeat(400)], "9…' cannot be run: spawn ENAMETOOLONG."],
    ['a program below a file', ['--', `${process.execPath}/x`], 'cannot be run: spawn ENOTDIR.'],
    ['an empty folder', ['--out', '', '--', 'node'], '--out is empty'],
    ['a launcher', ['--', 'npm', 'start'], 'Name the program itself: millrace profile -- node app.js'],
    ['a launcher by its path', ['--', '/usr/bin/npx', 'app'], 'Name the program itself'],
    ['one folder to compare', ['diff', 'a'], 'needs two folders'],
  ])('refuses %s', async (_what, args, message) => {
    const { code, stderr } = await millrace('profile', ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  test('says which folder is none', async () => {
    const { code, stderr } = await millrace('profile', 'diff', tempFolder(), tempFolder());
    expect(code).toBe(1);
    expect(stderr).toContain('summary.json');
  });
});
