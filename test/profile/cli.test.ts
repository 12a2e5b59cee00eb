import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
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

describe('millrace profile', () => {
  test('profiles a program that was not changed, and says what was found', () => {
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
    expect(profile('diff', out, out).status).toBe(0);
    const diff = profile('diff', out, worse);
    expect(diff.status).toBe(1);
    expect(diff.stdout).toContain('planted/planted.burned');
    expect(JSON.parse(profile('diff', out, worse, '--json').stdout).regressions.length).toBeGreaterThan(0);
    expect(profile('diff', out, worse, '--threshold', '150').status).toBe(0);
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
    const { status, stderr } = profile('--', process.execPath, '-e', '1');
    expect(status).toBe(1);
    expect(stderr).toContain('the program opened no engine');
  });

  test('ends as the program ends', () => {
    expect(profile('--', process.execPath, '-e', 'process.exit(7)').status).toBe(7);
  });

  test.each([
    ['no program', [], "needs a program behind '--'"],
    ['an argument before the border', ['app.js'], "needs a program behind '--'"],
    ['seconds', ['--seconds', '0', '--', 'node'], '--seconds'],
    ['an interval', ['--interval', '1', '--', 'node'], '--interval'],
    ['a program that is not there', ['--', 'no-such-program'], 'cannot be run'],
    ['one folder to compare', ['diff', 'a'], 'needs two folders'],
  ])('refuses %s', (_what, args, message) => {
    const { status, stderr } = profile(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });

  test('says which folder is none', () => {
    const { status, stderr } = profile('diff', tempFolder(), tempFolder());
    expect(status).toBe(1);
    expect(stderr).toContain('summary.json');
  });
});
