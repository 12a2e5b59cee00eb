import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { millrace } from '../../support/millrace.js';
import { tempFolder } from '../../support/temp-folder.js';

const SAMPLE = fileURLToPath(
  new URL('../../../node_modules/vega-datasets/data/sp500-2000.csv', import.meta.url),
);
const folder = tempFolder();
const here = process.cwd();
beforeAll(() => process.chdir(folder));
afterAll(() => process.chdir(here));

const kindIn = (file: string) => /"kind":"(\w+)"/.exec(readFileSync(join(folder, file), 'utf8'))?.[1];

const GRID = ['--strategy', 'ma-cross', '--grid', 'fast=10,20', '--grid', 'slow=50,100', '--threads', '0'];

describe('--report', () => {
  test.each([
    ['run', ['backtest', SAMPLE, '--strategy', 'ma-cross']],
    ['sweep', ['sweep', SAMPLE, ...GRID, '--store', 'sweep.db']],
    ['walk', ['walk-forward', SAMPLE, ...GRID, '--windows', '2']],
  ])('of a %s writes its page, and says where', async (kind, args) => {
    const { code, stdout } = await millrace(...args, '--report', `${kind}.html`);
    expect(code).toBe(0);
    expect(stdout).toContain(`report       ${join(folder, `${kind}.html`)}\n`);
    expect(kindIn(`${kind}.html`)).toBe(kind);
  });

  test.each([
    ['run', ['backtest', SAMPLE, '--strategy', 'ma-cross']],
    ['sweep', ['sweep', SAMPLE, ...GRID]],
    ['walk', ['walk-forward', SAMPLE, ...GRID, '--windows', '2']],
  ])('of a %s can be made later, by millrace report, from its store', async (kind, args) => {
    expect((await millrace(...args, '--store', `later-${kind}.db`)).code).toBe(0);
    const { code, stdout } = await millrace('report', `later-${kind}.db`);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `report       ${join(folder, `later-${kind}.html`)}\n`,
    });
    expect(kindIn(`later-${kind}.html`)).toBe(kind);
    if (kind === 'walk') return;
    const more = await millrace(
      'report',
      `later-${kind}.db`,
      SAMPLE,
      '--run',
      'best',
      '--out',
      'best.html',
      '--title',
      'Mine',
    );
    expect(more).toMatchObject({ code: 0, stderr: '' });
    const page = readFileSync(join(folder, 'best.html'), 'utf8');
    expect(page).toContain('computed from the candles');
    expect(page).toContain('"title":"Mine"');
  });

  test.each([
    [['report'], 2, /needs a store/],
    [['report', 'none.db'], 1, /MILLRACE_STORE_PATH/],
    [['report', 'a.db', SAMPLE, 'more'], 2, /'more' is one more/],
    [['report', 'a.db', '--run', ''], 2, /--run is empty/],
  ])('%j ends with %d', async (args, code, message) => {
    expect(await millrace(...args)).toMatchObject({
      code,
      stdout: '',
      stderr: expect.stringMatching(message),
    });
  });

  test('in JSON names the file, and an empty name or a file of somebody else is an error', async () => {
    const args = ['backtest', SAMPLE, '--json'];
    const { stdout } = await millrace(...args, '--report', 'json.html');
    expect(JSON.parse(stdout).report).toBe(join(folder, 'json.html'));
    expect(await millrace(...args, '--report', '')).toMatchObject({ code: 2, stdout: '' });
    writeFileSync(join(folder, 'mine.html'), 'mine');
    expect(await millrace(...args, '--report', 'mine.html')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^MILLRACE_OUTPUT: .*mine.html' exists/),
    });
  });
});
