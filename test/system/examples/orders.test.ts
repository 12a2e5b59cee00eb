import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStoreReader } from 'millrace/store';
import { expect, onTestFinished, test, vi } from 'vitest';
import { runNode } from '../../support/backtest/run-node.js';
import { tempFolder } from '../../support/temp-folder.js';

// Processes are started here, beside all other test files.
vi.setConfig({ testTimeout: 120_000 });

const folder = fileURLToPath(new URL('../../../examples/orders/', import.meta.url));
const PROGRAM = join(folder, 'main.mjs');

test('the README shows the example as it is', () => {
  const readme = readFileSync(fileURLToPath(new URL('../../../README.md', import.meta.url)), 'utf8');
  for (const name of ['order.mjs', 'payment.handlers.mjs', 'service.mjs']) {
    expect(readme).toContain(readFileSync(join(folder, name), 'utf8'));
  }
});

test('an order that is paid stays, one that is not paid in time is cancelled', async () => {
  const store = join(tempFolder(), 'orders.db');
  const options = ['--demo', '--port', '0', '--store', store, '--pay-within', '4'];
  const { code, stdout, stderr } = await runNode([PROGRAM, ...options]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.trimEnd().split('\n')).toEqual([
    'paid 25 and, asked again, 25',
    'paid twice: is_paid',
    'nothing ordered: MILLRACE_SCHEMA_MISMATCH',
    "ada's order is paid, bob's is cancelled",
  ]);
});

test('also when the process was killed before its time', async () => {
  const store = join(tempFolder(), 'orders.db');
  const start = async (payWithin: string) => {
    const options = ['--port', '0', '--store', store, '--pay-within', payWithin];
    const child = spawn(process.execPath, [PROGRAM, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    let told = '';
    for await (const text of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
      told += text;
      if (told.includes('/orders\n')) break;
    }
    const [base] = /http:\S+\d/.exec(told) ?? [];
    return { child, base };
  };
  const first = await start('2');
  const body = JSON.stringify({ customer: 'bob', amount: 25 });
  const { order } = (await (await fetch(`${first.base}/orders`, { method: 'POST', body })).json()) as {
    order: string;
  };
  using reader = openStoreReader(store);
  await vi.waitFor(() => expect(reader.summary().unfinished).toBe(0), { timeout: 30_000 });
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  const second = await start('3600');
  const status = async () => (await (await fetch(`${second.base}/orders/${order}`)).json()) as object;
  await vi.waitFor(async () => expect(await status()).toEqual({ status: 'cancelled', amount: 25 }), {
    timeout: 60_000,
  });
});
