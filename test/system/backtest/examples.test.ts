import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { runNode } from '../../support/backtest/run-node.js';
import { tempFolder } from '../../support/temp-folder.js';

// Processes are started here, beside all other test files.
vi.setConfig({ testTimeout: 240_000 });

const path = (name: string) => fileURLToPath(new URL(`../../../${name}`, import.meta.url));
const text = (name: string) => readFileSync(path(name), 'utf8');
const CANDLES = path('node_modules/vega-datasets/data/sp500-2000.csv');
const STRATEGY = 'examples/ma-cross.strategy.mjs';
const PROGRAM = 'examples/sweep.mjs';

describe('a strategy of one file, and a program that sweeps it', () => {
  test('are short, and are what the page shows', () => {
    expect(text(STRATEGY).trimEnd().split('\n').length).toBeLessThanOrEqual(60);
    expect(text(PROGRAM).trimEnd().split('\n').length).toBeLessThanOrEqual(25);
    for (const example of [STRATEGY, PROGRAM]) expect(text('docs/backtests.md')).toContain(text(example));
  });

  test('give the same sweep from the program and from the command line', async () => {
    const program = await runNode([path(PROGRAM), CANDLES]);
    expect(program).toMatchObject({ code: 0, stderr: '' });
    const lines = program.stdout.trimEnd().split('\n');
    expect(lines.length).toBe(11);
    const grid = ['fast=5,10,20', 'slow=50,100,200', 'trail=0.05,0.1'].flatMap((axis) => ['--grid', axis]);
    const command = await runNode([
      path('dist/src/cli/millrace.js'),
      'sweep',
      CANDLES,
      ...['--strategy', path(STRATEGY), ...grid, '--commission', '0.0005', '--sort', 'sharpe'],
      ...['--symbol', 'candles', '--threads', '1', '--json', '--check'],
    ]);
    expect(command).toMatchObject({ code: 0, stderr: '' });
    const result = JSON.parse(command.stdout);
    expect(result).toMatchObject({ runs: 18, finished: 18, checks: { passed: true } });
    expect(lines.at(-1)).toBe(result.fingerprint);
    expect(lines[0]).toContain(JSON.stringify(result.best[0].parameters));
  });

  test('is long and short, and left by its trailing stop, in one run', async () => {
    const { code, stdout } = await runNode([
      path('dist/src/cli/millrace.js'),
      'backtest',
      CANDLES,
      ...['--strategy', path(STRATEGY), '--param', 'trail=0.05', '--json'],
    ]);
    expect(code).toBe(0);
    const { trades, parameters } = JSON.parse(stdout) as {
      parameters: object;
      trades: readonly { side: string; reason: string }[];
    };
    expect(parameters).toEqual({ fast: 10, slow: 50, trail: 0.05 });
    expect(new Set(trades.map(({ side }) => side))).toEqual(new Set(['long', 'short']));
    expect(new Set(trades.map(({ reason }) => reason))).toContain('trailing_stop');
    expect(new Set(trades.map(({ reason }) => reason))).toContain('reversed');
  });
});

test('a stream of trades is candles for the strategy, and decides within them: as the page says, and on the command line', async () => {
  const TICKS = 'examples/ticks.mjs';
  expect(text('docs/backtests.md')).toContain(text(TICKS));
  let state = 5;
  let price = 100;
  const lines = Array.from({ length: 8000 }, (_, at) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    price *= 1 + (state / 2 ** 32 - 0.5) * 0.004;
    return `${1_700_000_000_000 + at * 100},${price},1`;
  });
  const file = join(tempFolder(), 'trades.csv');
  writeFileSync(file, ['time,price,quantity', ...lines].join('\n'));
  const program = await runNode([path(TICKS), file]);
  expect(program).toMatchObject({ code: 0, stderr: '' });
  const [, decided] = /^\d+ fills, (\d+) of 800 candles decided by their trades$/m.exec(program.stdout) ?? [];
  expect(Number(decided)).toBeGreaterThan(0);
  const command = await runNode([
    path('dist/src/cli/millrace.js'),
    'backtest',
    file,
    ...['--timeframe', '1s', '--finer', file, '--strategy', 'breakout', '--json'],
  ]);
  const { finalCapital, finer } = JSON.parse(command.stdout);
  expect(program.stdout).toContain(`final capital ${finalCapital}\n`);
  expect(finer).toEqual({ timeframe: 'trades', covered: 800, decided: Number(decided) });
});

test('two markets trade one account: as the page says, and on the command line', async () => {
  const [strategy, program] = ['examples/pair.strategy.mjs', 'examples/markets.mjs'];
  for (const example of [strategy, program]) expect(text('docs/backtests.md')).toContain(text(example));
  let state = 3;
  const files = ['btc.csv', 'eth.csv'].map((name, market) => {
    let price = 100;
    const lines = Array.from({ length: 400 }, (_, day) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      const open = price;
      price *= 1 + (state / 2 ** 32 - 0.5) * 0.06;
      const time = new Date(Date.UTC(2022, 0, 1 + day)).toISOString();
      return `${time},${open},${Math.max(open, price)},${Math.min(open, price)},${price},1`;
    });
    const file = join(tempFolder(), name);
    // The second one begins a month later.
    writeFileSync(file, ['time,open,high,low,close,volume', ...lines.slice(market * 30)].join('\n'));
    return file;
  });
  const shown = await runNode([path(program), ...files]);
  expect(shown).toMatchObject({ code: 0, stderr: '' });
  expect(shown.stdout).toMatch(/^KRW-BTC (?:long|short) /m);
  expect(shown.stdout).toMatch(/^KRW-ETH (?:long|short) /m);
  const markets = ['KRW-BTC', 'KRW-ETH'].flatMap((name, at) => ['--market', `${name}=${files[at]}`]);
  const millrace = (...args: readonly string[]) =>
    runNode([path('dist/src/cli/millrace.js'), ...args, ...markets, '--strategy', path(strategy), '--json']);
  const one = JSON.parse((await millrace('backtest', '--check')).stdout);
  expect(shown.stdout).toContain(`${one.finalCapital} of one account`);
  expect(one.checks.passed).toBe(true);
  expect(
    one.identity.markets.map(({ symbol, candles }: { symbol: string; candles: number }) => [symbol, candles]),
  ).toEqual([
    ['KRW-BTC', 400],
    ['KRW-ETH', 370],
  ]);
  const store = join(tempFolder(), 'sweep.db');
  const swept = JSON.parse(
    (await millrace('sweep', '--grid', 'apart=0.02,0.05,0.1', '--store', store, '--threads', '1')).stdout,
  );
  expect(shown.stdout).toContain(swept.fingerprint);
});
