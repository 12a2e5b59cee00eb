import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';

const LEAKS = fileURLToPath(new URL('../fixtures/leaks', import.meta.url));
const VITEST = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');

interface FileReport {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly { readonly status: string }[];
}

let reports: Map<string, FileReport>;
let exitCode: number | null;

beforeAll(async () => {
  const args = ['run', '--config', join(LEAKS, 'vitest.config.ts'), '--reporter=json', '--silent'];
  // A run of its own, which must not take itself for a part of this one.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^VITEST|^TEST$/.test(name)),
  );
  const child = spawn(process.execPath, [VITEST, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  const { testResults } = JSON.parse(output) as { readonly testResults: readonly FileReport[] };
  reports = new Map(testResults.map((report) => [basename(report.name, '.leak.ts'), report]));
  exitCode = code;
}, 120_000);

test.each([
  ['engine', ['thread 1', 'events.db-wal', 'events.db-lock']],
  ['thread', ['thread 1']],
  ['file', ['left.db']],
  ['reader', ['events.db']],
  ['handle', ['1 × TCPServerWrap', '1 × ProcessWrap', '1 × SIGTERM listener']],
  ['timer', ['setTimeout at']],
])('a test file that leaves behind a %s fails, although its tests pass', (name, named) => {
  const report = reports.get(name);
  expect(report?.assertionResults.map(({ status }) => status)).toEqual(['passed']);
  expect(report?.status).toBe('failed');
  for (const what of named) expect(report?.message).toContain(what);
});

test('and with it the whole run; one that leaves nothing behind passes', () => {
  expect(exitCode).toBe(1);
  expect(reports.get('nothing')).toMatchObject({ status: 'passed', message: '' });
  expect(reports.size).toBe(readdirSync(LEAKS).filter((name) => name.endsWith('.leak.ts')).length);
});
