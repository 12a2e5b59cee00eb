import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { tempFolder } from '../../support/temp-folder.js';

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const CLINIC = path('../../../profiling/clinic/node_modules/clinic/bin.js');

function runClinic(tool: string, out: string, environment: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path('../../../profiling/clinic.mjs'), tool, '--out', out, '--events', '2000'],
    { encoding: 'utf8', env: { ...process.env, ...environment } },
  );
  return { status, stdout, stderr };
}

describe('clinic', () => {
  const fake = (behaviour: string, out = tempFolder()) =>
    runClinic('doctor', out, {
      MILLRACE_CLINIC: path('../../fixtures/fake-clinic.mjs'),
      FAKE_CLINIC: behaviour,
    });

  test('gives a report, says whose it is, and its traces are removed', () => {
    const out = tempFolder();
    const { status, stdout } = fake('works', out);
    expect(status).toBe(0);
    expect(stdout).toContain('The main thread alone, as doctor sees it.');
    expect(stdout).toContain('1.clinic.html');
    expect(readdirSync(out)).toEqual(['1.clinic.html']);
  });

  test.each([
    'fails',
    'writes an error page',
    'writes nothing',
    'cannot decode',
    'loses the program',
  ])('%s: that is said, with what to use instead', (behaviour) => {
    const { status, stdout, stderr } = fake(behaviour);
    expect(status).toBe(1);
    expect(stdout).not.toContain('Open file');
    expect(stdout.length).toBeLessThan(3_000);
    expect(stderr).toContain(`Node.js ${process.version}`.replace('Node.js v', 'v'));
    expect(stderr).toContain("Use 'npm run profile' instead");
  });

  test('removes what it left there before, and no file of anybody else', () => {
    const out = tempFolder();
    for (const name of ['notes.txt', 'report.html', '7.clinic-doctor.html'])
      writeFileSync(join(out, name), 'x');
    expect(fake('works', out).status).toBe(0);
    expect(readdirSync(out).sort()).toEqual(['1.clinic.html', 'notes.txt', 'report.html']);
  });

  test('is not installed: how to', () => {
    const { status, stderr } = runClinic('flame', tempFolder(), { MILLRACE_CLINIC: path('nowhere.js') });
    expect(status).toBe(2);
    expect(stderr).toContain('npm install --prefix profiling/clinic');
  });

  test('has no such tool', () => {
    const { status, stderr } = runClinic('flames', tempFolder());
    expect(status).toBe(2);
    expect(stderr).toContain('flame, doctor, bubbleprof, heap');
  });

  for (const tool of ['flame', 'doctor', 'bubbleprof', 'heap']) {
    test(`the real ${tool}`, { timeout: 120_000 }, (context) => {
      if (!existsSync(CLINIC)) context.skip('clinic is not installed: npm install --prefix profiling/clinic');
      const out = join(tempFolder(), 'report');
      const { status, stdout, stderr } = runClinic(tool, out);
      if (status === 0) expect(readdirSync(out).some((file) => file.endsWith('.html'))).toBe(true);
      else expect(stderr).toContain("Use 'npm run profile' instead");
      expect(stdout + stderr).not.toBe('');
    });
  }
});
