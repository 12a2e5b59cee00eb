import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { millrace } from '../../support/millrace.js';
import { tempFolder } from '../../support/temp-folder.js';

// Engines are opened here, beside all other test files.
vi.setConfig({ testTimeout: 120_000 });

const path = (name: string) => fileURLToPath(new URL(`../../../${name}`, import.meta.url));
const ODD = path('test/fixtures/strategies/odd.strategy.mjs');
const folder = tempFolder();
const here = process.cwd();

/** A few candles are enough for options. */
const CANDLES = join(folder, 'candles.csv');

beforeAll(async () => {
  const lines = readFileSync(path('node_modules/vega-datasets/data/sp500-2000.csv'), 'utf8').split('\n');
  writeFileSync(CANDLES, lines.slice(0, 200).join('\n'));
  process.chdir(folder);
  expect((await millrace('backtest', CANDLES, '--store', 'one.db')).code).toBe(0);
  const sweep = ['sweep', CANDLES, '--grid', 'length=5,9', '--threads', '0', '--store', 'sweep.db'];
  expect((await millrace(...sweep)).code).toBe(0);
});
afterAll(() => process.chdir(here));

const WALK = ['walk-forward', CANDLES, '--grid', 'length=5,9', '--threads', '0'];
const SWEEP = ['sweep', CANDLES, '--grid', 'length=5,9', '--threads', '0'];

describe('a value that an option does not have is refused with those that it has', () => {
  test.each([
    [
      ['backtest', CANDLES, '--store', 'x.db', '--level', 'sumary'],
      /--level is 'sumary'; .* full, trades, summary. .*'summary'/,
    ],
    [[...SWEEP, '--level', 'sumary'], /--level is 'sumary'; .* full, trades, summary. .*'summary'/],
    [[...WALK, '--level', 'sumary'], /--level is 'sumary'; .* full, trades, summary. .*'summary'/],
    [[...WALK, '--fill', 'nextopen'], /--fill is 'nextopen'; .*this_close. Did you mean 'next_open'/],
    [[...SWEEP, '--sort', 'sharp'], /--sort is 'sharp'; .*calmar, .*Did you mean 'sharpe'/],
    [[...WALK, '--sort', 'bogus'], /--sort is 'bogus'; it must be one of totalReturn, .*finalCapital\./],
    [
      ['report', 'sweep.db', '--run', 'best', '--sort', 'bogus'],
      /--sort is 'bogus'; it must be one of totalReturn/,
    ],
    [['report', 'sweep.db', '--sort', 'bogus'], /--sort is 'bogus'; it must be one of totalReturn/],
    [['candles', CANDLES, '--format', 'bianance'], /format is 'bianance'; .*Did you mean 'binance'/],
    [
      ['candles', CANDLES, '--stamps', 'opn'],
      /stamps is 'opn'; it must be one of open, close. Did you mean 'open'/,
    ],
    [['candles', CANDLES, '--faults', 'skp'], /faults is 'skp'; .*Did you mean 'skip'/],
    [['candles', CANDLES, '--time-unit', 'secs'], /timeUnit is 'secs'; it must be one of /],
  ])('%j', async (args, message) => {
    expect(await millrace(...args)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(message),
    });
  });
});

describe('an option that would have no effect is refused', () => {
  test.each([
    [['report', 'sweep.db', '--sort', 'sharpe'], /--sort says what '--run best' means/],
    [['report', 'sweep.db', '--run', 'x', '--sort', 'sharpe'], /--sort says what '--run best' means/],
    [
      ['report', 'sweep.db', '--zone', 'Nowhere'],
      /--zone says how candles are read, .* without a file of them/,
    ],
    [['report', 'sweep.db', '--faults', 'skip'], /--faults says how candles are read/],
    [
      ['backtest', CANDLES, '--level', 'full'],
      /--level says what is stored, and has no effect without --store/,
    ],
    [['inspect', 'one.db', '--full', '--json'], /--full is of what is printed for a person/],
    [['dead-letters', 'one.db', 'list', '--all'], /--all is of retry and discard/],
    [['dead-letters', 'one.db', 'retry', '--all', '--limit', '5'], /--limit is of a list/],
    [['dead-letters', 'one.db', 'list', '1', '--limit', '5'], /--limit is of a list/],
    [
      ['profile', '--no-cpu', '--interval', '500', '--', 'node', 'x.js'],
      /--interval is the time between two CPU samples/,
    ],
  ])('%j', async (args, message) => {
    expect(await millrace(...args)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(message),
    });
  });

  test('but one that has its own effect is not', async () => {
    const args = ['report', 'sweep.db', CANDLES, '--run', 'best', '--sort', 'sharpe', '--zone', 'Asia/Seoul'];
    // Days of another zone are other candles: the option is read.
    expect((await millrace(...args)).stderr).toMatch(/other candles/);
    const own = ['report', 'sweep.db', CANDLES, '--run', 'best', '--sort', 'sharpe', '--zone', 'UTC'];
    expect(await millrace(...own)).toMatchObject({ code: 0, stderr: '' });
    expect((await millrace('help', 'report')).stdout).toBe((await millrace('report', '--help')).stdout);
    expect((await millrace('help', 'reprt')).code).toBe(2);
  });
});

describe('a store of the level summary', () => {
  test('is not made of one backtest, of which nothing could be told', async () => {
    const args = ['backtest', CANDLES, '--store', 'none.db', '--level', 'summary'];
    expect(await millrace(...args)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/MILLRACE_INVALID_OPTION: .*neither trades nor a curve/),
    });
    // No store is there.
    expect((await millrace('inspect', 'none.db')).stderr).toMatch(/MILLRACE_STORE_PATH/);
  });

  test('has the ranking of a sweep and the windows of a walk-forward, and no run', async () => {
    for (const [args, store] of [
      [SWEEP, 'sum-sweep.db'],
      [[...WALK, '--windows', '2'], 'sum-walk.db'],
    ] as const) {
      expect((await millrace(...args, '--store', store, '--level', 'summary')).code).toBe(0);
      expect(await millrace('report', store)).toMatchObject({ code: 0, stderr: '' });
      const run = await millrace('report', store, '--run', 'best');
      expect(run).toMatchObject({ code: 1, stderr: expect.stringMatching(/level 'summary'.*Run it again/) });
    }
  });
});

describe('when there is nothing to show', () => {
  const odd = (...more: string[]) => ['sweep', CANDLES, '--strategy', ODD, '--threads', '0', ...more];

  test('of a sweep of which all runs failed, it says so and why, and fails', async () => {
    const args = odd('--grid', 'at=5,6', '--param', 'does=throws', '--report', 'failed.html', '--check');
    const { code, stdout, stderr } = await millrace(...args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/All 2 runs failed\. The first of them: .*candle 5 .*I do not like this candle/);
    expect(stderr).toMatch(/nothing to rank, to check or to report on/);
    expect(stdout).toMatch(/^2 runs failed:$/m);
    expect(stdout).not.toContain('failed.html');
    expect((await millrace(...args, '--json')).code).toBe(1);
  });

  test('of one of which some failed, it is finished, and says how many', async () => {
    const { code, stdout } = await millrace(...odd('--grid', 'at=5', '--grid', 'does=throws,nothing'));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^1 runs? failed:$/m);
  });

  test('of one whose sets are all refused, it says so', async () => {
    const grid = ['--grid', 'fast=50', '--grid', 'slow=20,30'];
    const args = ['sweep', CANDLES, '--strategy', 'ma-cross', ...grid, '--threads', '0'];
    expect(await millrace(...args)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/Nothing was run: the strategy refuses all 2 parameter sets/),
    });
  });

  test('of a walk-forward whose first part fails, it was not interrupted, and says why it ended', async () => {
    const args = [
      'walk-forward',
      CANDLES,
      '--strategy',
      ODD,
      '--threads',
      '0',
      '--grid',
      'at=5,6',
      '--windows',
      '2',
    ];
    const { code, stdout, stderr } = await millrace(...args, '--param', 'does=throws', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      windows: [],
      interrupted: false,
      endedBy: expect.stringMatching(
        /All 2 runs of the first part of window 1 failed.*I do not like this candle/,
      ),
    });
    expect(stderr).toMatch(/0 windows were tried\. All 2 runs/);
  });
});

test.each([
  'backtest',
  'sweep',
  'candles',
  'walk-forward',
  'report',
  'inspect',
  'read',
  'trace',
  'verify',
  'profile',
  'dead-letters',
])("the help of 'millrace %s' has each option once", async (command) => {
  const { stdout } = await millrace(command, '--help');
  for (const part of stdout.split(/^millrace /m)) {
    const options = [...part.matchAll(/^ {2}(--[\w-]+)/gm)].map(([, name]) => name);
    expect(options).toEqual([...new Set(options)]);
  }
});
