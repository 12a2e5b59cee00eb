import { linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadStrategy, readCandles, storeBacktest, writeReport, writeStoreReport } from 'millrace/backtest';
import { OutputError } from 'millrace/errors';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { millrace } from '../../support/millrace.js';
import { tempFolder } from '../../support/temp-folder.js';

// Engines are opened here, beside all other test files.
vi.setConfig({ testTimeout: 120_000 });

const path = (name: string) => fileURLToPath(new URL(`../../../${name}`, import.meta.url));
const folder = tempFolder();
const here = process.cwd();

/** Files beside a store, as an engine has them while it is open, and links to it. */
beforeAll(async () => {
  process.chdir(folder);
  const lines = readFileSync(path('node_modules/vega-datasets/data/sp500-2000.csv'), 'utf8').split('\n');
  writeFileSync('c.csv', lines.slice(0, 100).join('\n'));
  writeFileSync('own.strategy.mjs', readFileSync(path('test/fixtures/strategies/odd.strategy.mjs')));
  await storeBacktest('s.db', { candles: readCandles('c.csv'), strategy: await loadStrategy('rsi') });
  for (const end of ['-wal', '-shm']) writeFileSync(`s.db${end}`, '');
  symlinkSync('s.db', 'link.html');
  linkSync('s.db', 'hard.html');
  linkSync('s.db-wal', 'wal.html');
  symlinkSync(folder, 'here');
  mkdirSync('sub');
  writeFileSync('sub/report.html', '<meta name="generator" content="Millrace">');
});
afterAll(() => process.chdir(here));

const RUN = ['backtest', 'c.csv'];
const WALK = ['walk-forward', 'c.csv', '--grid', 'length=5', '--windows', '1'];
const SWEEP = ['sweep', 'c.csv', '--grid', 'length=5', '--threads', '0'];
const OWN = ['--strategy', './own.strategy.mjs'];

describe('an output that is what the command reads, or writes besides, is refused, by force or not', () => {
  test.each([
    ['s.db', /--out is 's.db', which is the store/],
    ['./sub/../s.db', /which is the store/],
    ['here/s.db', /which is the store/],
    ['link.html', /which is the store/],
    ['hard.html', /which is the store/],
    ['wal.html', /which belongs to the store/],
    ['s.db-wal', /which belongs to the store/],
    ['s.db-shm', /which belongs to the store/],
    ['s.db-lock', /which belongs to the store/],
    ['here/s.db-journal', /which belongs to the store/],
  ])('of a report: --out %s', async (out, message) => {
    const before = readFileSync('s.db');
    for (const force of [[], ['--force']]) {
      const outcome = await millrace('report', 's.db', '--out', out, ...force);
      expect(outcome).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(message) });
      expect(outcome.stderr).toMatch(/^MILLRACE_OUTPUT: /);
    }
    expect(readFileSync('s.db')).toEqual(before);
    await expect(writeStoreReport(out, 's.db', { force: true })).rejects.toThrow(OutputError);
    expect(readFileSync('s.db')).toEqual(before);
  });

  test.each([
    [
      ['report', 's.db', 'c.csv', '--out', 'c.csv', '--force'],
      /--out is 'c.csv', which is the file of the candles/,
    ],
    [[...RUN, '--report', 'c.csv'], /--report is 'c.csv', which is the file of the candles/],
    [[...RUN, '--csv', 'here/c.csv'], /--csv is 'here\/c.csv', which is the file of the candles/],
    [[...RUN, '--store', 'c.csv'], /--store is 'c.csv', which is the file of the candles/],
    [[...RUN, ...OWN, '--csv', 'own.strategy.mjs'], /which is the file of the strategy/],
    [[...RUN, '--csv', 'x.out', '--report', './x.out'], /--csv is 'x.out', which is --report as well/],
    [[...RUN, '--store', 'new.db', '--report', 'new.db'], /--report is 'new.db', which is --store as well/],
    [
      [...RUN, '--store', 'new.db', '--csv', 'new.db-wal'],
      /--csv is 'new.db-wal', which belongs to --store as well/,
    ],
    [[...SWEEP, '--csv', 'c.csv'], /--csv is 'c.csv', which is the file of the candles/],
    [
      [...SWEEP, '--store', 's.db', '--report', 'link.html'],
      /--report is 'link.html', which is --store as well/,
    ],
    [[...WALK, '--report', 'c.csv'], /--report is 'c.csv', which is the file of the candles/],
    [
      ['profile', '--out', 'sub', '--', 'node', 'app.js', 'sub/report.html'],
      /A file of the profile is '.*report.html', which is 'sub\/report.html' of the program/,
    ],
  ])('%j', async (args, message) => {
    const names = ['c.csv', 's.db', 'own.strategy.mjs', 'sub/report.html'];
    const before = names.map((name) => readFileSync(name));
    const outcome = await millrace(...args);
    expect(outcome).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(message) });
    expect(names.map((name) => readFileSync(name))).toEqual(before);
    expect(outcome.stderr).toMatch(/^MILLRACE_OUTPUT: /);
  });

  test('no report replaces a store at all: a log cannot be computed again', async () => {
    const before = readFileSync('s.db');
    await millrace('backtest', 'c.csv', '--store', 'other.db');
    const outcome = await millrace('report', 'other.db', '--out', 's.db', '--force');
    expect(outcome).toMatchObject({ code: 1, stderr: expect.stringMatching(/'s.db' is a SQLite file/) });
    const result = await storeBacktest('third.db', {
      candles: readCandles('c.csv'),
      strategy: await loadStrategy('rsi'),
    });
    await expect(writeReport('s.db', result, { force: true })).rejects.toThrow(OutputError);
    expect(readFileSync('s.db')).toEqual(before);
  });

  test('an output of its own is written, also beside a store', async () => {
    for (const out of ['s.html', 's.db.html', 'sub/t.html', join(folder, 'u.html')]) {
      expect(await millrace('report', 's.db', 'c.csv', '--out', out)).toMatchObject({ code: 0, stderr: '' });
    }
  });
});

test('the advice for a file of somebody else names what helps there', async () => {
  writeFileSync('mine.txt', 'mine');
  const csv = await millrace('backtest', 'c.csv', '--csv', 'mine.txt');
  expect(csv.stderr).toMatch(/'.*mine.txt' exists, .*Name another file, or remove this one\./);
  expect(csv.stderr).not.toMatch(/force/);
  const page = await millrace('backtest', 'c.csv', '--report', 'mine.txt');
  expect(page.stderr).toMatch(/'.*mine.txt' exists, .*Name another file, or remove it/);
  const linked = await millrace('backtest', 'c.csv', '--csv', 'here/t.csv');
  expect(linked.stderr).toMatch(/here' is a link\. Name the folder that it leads to\.$/m);
  const later = await millrace('report', 's.db', '--out', 'mine.txt');
  expect(later.stderr).toMatch(/--force/);
  expect((await millrace('report', 's.db', '--out', 'mine.txt', '--force')).code).toBe(0);
});
