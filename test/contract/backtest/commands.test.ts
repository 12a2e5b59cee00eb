import { copyFileSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { millraceElsewhere as millrace } from '../../support/millrace.js';
import { tempFolder } from '../../support/temp-folder.js';

const path = (name: string) => fileURLToPath(new URL(`../../../${name}`, import.meta.url));
const CANDLES = path('node_modules/vega-datasets/data/sp500-2000.csv');
const fixture = (name: string) => path(`test/fixtures/strategies/${name}.strategy.mjs`);

describe('millrace backtest', () => {
  test('says what came of a run beside buying and holding, under which rules, and what it depends on', async () => {
    const csv = join(tempFolder(), 'trades.csv');
    const { code, stdout } = await millrace(
      'backtest',
      CANDLES,
      '--param',
      'length=7',
      '--check',
      '--csv',
      csv,
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^rsi-7-30-60-0\.05 on sp500-2000: 5,105 candles \(1d, 2000-01-03 to 2020-04-17\)/m,
    );
    expect(stdout).toMatch(/^return .* % {2}.* 95\.3 %$/m);
    expect(stdout).toMatch(/^rules +fill next_open, commission 0\.001, slippage 0/m);
    expect(stdout).toMatch(/^identity +rsi-7-30-60-0\.05@[0-9a-f]{8}, data 7cf8baa85684,/m);
    expect(stdout).toMatch(/^look-ahead +passed, \d+ runs compared$/m);
    expect(readFileSync(csv, 'utf8')).toMatch(/^number,position,side,.*\n1,1,long,/);
  });

  test('--csv replaces an earlier table of its own, and nothing else: not the candles, not the strategy', async () => {
    const folder = tempFolder();
    const candles = join(folder, 'candles.csv');
    copyFileSync(CANDLES, candles);
    const before = readFileSync(candles, 'utf8');
    const onto = (file: string) => millrace('backtest', candles, '--csv', file);
    expect(await onto(candles)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('MILLRACE_OUTPUT'),
    });
    expect(readFileSync(candles, 'utf8')).toBe(before);
    const table = join(folder, 'trades.csv');
    expect((await onto(table)).code).toBe(0);
    expect((await onto(table)).code).toBe(0);
    symlinkSync(table, join(folder, 'link.csv'));
    expect((await onto(join(folder, 'link.csv'))).code).toBe(1);
  });

  test('fails when a check finds something, and when the strategy does', async () => {
    const peeking = await millrace('backtest', CANDLES, '--strategy', fixture('peeking'), '--check');
    expect(peeking).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^look-ahead +FAILED on candle \d+ /m),
    });
    const odd = await millrace('backtest', CANDLES, '--strategy', fixture('odd'), '--param', 'does=throws');
    expect(odd.code).toBe(1);
    expect(odd.stderr).toMatch(/^MILLRACE_STRATEGY: Strategy 'odd' failed on candle 5 /);
  });

  test.each([
    [['--param', 'length'], 2, /--param is 'length'; it must be a name and what it is/],
    [['--param', 'length=5', '--param', 'length=6'], 2, /--param has 'length' twice/],
    [['--capital', '-5'], 1, /initial capital is -5; it must be a finite number above 0/],
    [['--param', 'length=1'], 1, /MILLRACE_INVALID_OPTION: .*'length' is 1: .*>=2/],
    [['--strategy', 'rsy'], 1, /MILLRACE_INPUT: There is no strategy 'rsy'.*Did you mean 'rsi'/],
    [['--capital', 'much'], 2, /--capital is 'much'; it must be a number/],
    [['--fill', 'now'], 2, /--fill is 'now'; it must be one of next_open/],
  ])('%j ends with %d', async (args, code, message) => {
    const outcome = await millrace('backtest', CANDLES, ...args);
    expect(outcome).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(message) });
  });
});

describe('millrace sweep of any strategy', () => {
  test.each([
    [['--strategy', 'grid'], 2, /sweep of 'grid' needs a grid/],
    [['--grid', 'length=30:5'], 2, /a range is FROM:TO or FROM:TO:STEP/],
    [['--grid', 'rsi=5:30:1'], 1, /no parameter 'rsi'. It has: length/],
    [
      ['--grid', 'length=2:1000', '--grid', 'entry=1:50:0.01', '--grid', 'exit=51:90'],
      1,
      /The grid has 195,\d+,\d+ runs.*--yes/,
    ],
    [['--grid', 'length=5', '--param', 'length=6'], 2, /'length' is in --grid and in --param/],
    [['--random', '-1'], 2, /--random is '-1'; it must be a whole number from 1 to 10000000/],
    [['--sort', 'luck'], 2, /--sort is 'luck'; it must be one of totalReturn, /],
  ])('%j ends with %d', async (args, code, message) => {
    const outcome = await millrace('sweep', CANDLES, '--threads', '0', ...args);
    expect(outcome).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(message) });
  });

  test('draws by chance, tells what was left out and what failed, and writes all rows', async () => {
    const csv = join(tempFolder(), 'rows.csv');
    const { code, stdout } = await millrace(
      'sweep',
      CANDLES,
      ...[
        '--strategy',
        'ma-cross',
        '--grid',
        'fast=10:60:10',
        '--grid',
        'slow=20:60:10',
        '--param',
        'trail=0',
      ],
      ...['--level', 'summary', '--threads', '0', '--top', '3', '--sort', 'sharpe', '--csv', csv],
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^15 of 15 backtests of 'ma-cross' finished/m);
    expect(stdout).toMatch(/^15 parameter sets were left out/m);
    expect(readFileSync(csv, 'utf8').trimEnd().split('\n').length).toBe(16);
    const drawn = await millrace('sweep', CANDLES, '--random', '7', '--threads', '0', '--json');
    expect(JSON.parse(drawn.stdout)).toMatchObject({ runs: 7, finished: 7 });
  });
});

test('millrace walk-forward shows each window, and the account through all of them', async () => {
  const args = ['walk-forward', CANDLES, '--grid', 'length=5,14', '--grid', 'entry=25,35', '--windows', '3'];
  const { code, stdout } = await millrace(...args, '--threads', '0');
  expect(code).toBe(0);
  expect(stdout.match(/^20\d\d-\d\d-\d\d +20\d\d-\d\d-\d\d +length=/gm)?.length).toBe(3);
  expect(stdout).toMatch(/^all parts +-?\d+\.\d %, /m);
  const json = JSON.parse((await millrace(...args, '--threads', '1', '--json')).stdout);
  expect(stdout).toContain(json.fingerprint);
  expect((await millrace('walk-forward', CANDLES)).code).toBe(2);
  const both = await millrace('walk-forward', CANDLES, '--grid', 'length=5', '--param', 'length=6');
  expect(both).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("'length' is in --grid and in --param"),
  });
});
