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
