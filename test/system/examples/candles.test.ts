import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { runNode } from '../../support/backtest/run-node.js';
import { tempFolder } from '../../support/temp-folder.js';

// Processes are started here, beside all other test files.
vi.setConfig({ testTimeout: 240_000 });

const PROGRAM = fileURLToPath(new URL('../../../examples/candles/main.mjs', import.meta.url));

test.each([
  0, 2,
])('trades become the candles of a plain loop by a handler with a state, on %i threads', async (threads) => {
  const { code, stdout, stderr } = await runNode([PROGRAM, '--threads', String(threads)]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const markets = stdout.trimEnd().split('\n').slice(1);
  expect(markets).toHaveLength(4);
  for (const line of markets) expect(line).toMatch(/^[A-Z]+: 41\d candles, equal to those of a loop/);
});

test('and those of a file of trades, which name their market by it', async () => {
  const file = join(tempFolder(), 'krw-btc.csv');
  const rows = Array.from({ length: 300 }, (_, at) => `${1_700_000_000_000 + at * 1000},${100 + (at % 7)},1`);
  writeFileSync(file, ['time,price,quantity', ...rows].join('\n'));
  const { code, stdout } = await runNode([PROGRAM, file]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^krw-btc: 5 candles, equal to those of a loop/m);
});
