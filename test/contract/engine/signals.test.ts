import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { closeOnSignals } from 'millrace';
import { openStoreReader } from 'millrace/store';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Child } from '../../support/child.js';
import { tempStore } from '../../support/temp-folder.js';

const COUNT = 500;

async function started(how: string) {
  const store = tempStore();
  const child = new Child('close-on-signals.mjs', store, how);
  await child.wrote(1);
  return { store, child };
}

describe.each(['SIGINT', 'SIGTERM'] as const)('closeOnSignals: %s', (signal) => {
  test('finishes what was accepted, and the process ends by that signal', async () => {
    const { store, child } = await started('finish');
    child.signal(signal);
    expect(await child.ended()).toEqual({ code: null, signal });
    expect(child.lines).toEqual(['ready', 'closing', 'closed']);
    using reader = openStoreReader(store);
    // A deposit, a credit, an audit each; a store that was closed has nothing unfinished.
    expect(reader.summary()).toMatchObject({ lastPosition: 3 * COUNT, mark: 3 * COUNT, unfinished: 0 });
  });

  test('a second one ends the process at once', async () => {
    const { store, child } = await started('stuck');
    child.signal(signal);
    await child.wrote(2);
    // The same Ctrl-C may come twice within half a second; so somebody presses it until it helps.
    let over = false;
    const ended = child.ended().finally(() => {
      over = true;
    });
    while (!over) {
      child.signal(signal);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await ended).toEqual({ code: null, signal });
    expect(child.lines).toEqual(['ready', 'closing']);
    using reader = openStoreReader(store);
    expect(reader.summary().unfinished).toBeGreaterThan(0);
  });
});

test('an error of the close is told, and the process ends by the signal all the same', async () => {
  const { child } = await started('fails');
  child.signal('SIGTERM');
  expect(await child.ended()).toEqual({ code: null, signal: 'SIGTERM' });
  expect(child.lines).toEqual(['ready', 'closing', 'closed', 'error something did not close']);
});

test.each(['loop', 'stream'])('its signal ends a publishing %s without an error', async (how) => {
  const store = tempStore();
  const child = new Child('publish-until-signal.mjs', store, how);
  await child.wrote(1);
  child.signal('SIGTERM');
  expect(await child.ended()).toEqual({ code: null, signal: 'SIGTERM' });
  expect(child.lines).toEqual(['ready', 'MILLRACE_CLOSED The process was told to end by SIGTERM.']);
  using reader = openStoreReader(store);
  expect(reader.summary()).toMatchObject({ unfinished: 0 });
});

/** The first process of a container: signals that it does not listen to do nothing to it, also from itself. */
const isolated = ['--pid', '--fork', '--kill-child', process.execPath];
const mayIsolate = spawnSync('unshare', [...isolated, '--version']).status === 0;

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('as the first process of a container: %s', (signal, code) => {
  const run = async (...args: readonly string[]) => {
    const child = spawn('unshare', [...isolated, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const exit = once(child, 'exit');
    let text = '';
    const ready = new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk) => {
        text += chunk;
        if (text.includes('ready')) resolve();
      });
    });
    // `unshare` passes no signal on, so the process inside is found by its parent.
    const inside = () => Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'));
    await Promise.race([ready, exit]);
    process.kill(inside(), signal);
    return { exit: await exit, lines: text.trim().split('\n') };
  };

  test('closes, and ends with 128 plus the number of the signal', async ({ skip }) => {
    if (!mayIsolate) skip('unshare is not there, or may not be used');
    const script = fileURLToPath(new URL('../../fixtures/close-on-signals.mjs', import.meta.url));
    const ended = await run(script, tempStore(), 'finish');
    expect(ended).toEqual({ exit: [code, null], lines: ['ready', 'closing', 'closed'] });
  });
});

test('disposed of, it does nothing: the signal ends the process as ever', async () => {
  const { child } = await started('disposed');
  child.signal('SIGTERM');
  expect(await child.ended()).toEqual({ code: null, signal: 'SIGTERM' });
  expect(child.lines).toEqual(['ready']);
});

test('listens to the signals that it is given, until it is disposed of', () => {
  const engine = { [Symbol.asyncDispose]: async () => {} };
  const counts = () => (['SIGINT', 'SIGTERM', 'SIGUSR2'] as const).map((name) => process.listenerCount(name));
  const before = counts();
  const one = closeOnSignals(engine, { signals: ['SIGUSR2'] });
  expect(counts()).toEqual(before.map((count, at) => count + (at === 2 ? 1 : 0)));
  const two = closeOnSignals(engine);
  expect(counts()).toEqual(before.map((count) => count + 1));
  two[Symbol.dispose]();
  one[Symbol.dispose]();
  one[Symbol.dispose]();
  expect(counts()).toEqual(before);
});

test.each([undefined, null, {}, 'engine'])('refuses %s', (engine) => {
  expect(() => closeOnSignals(engine as never)).toThrow(
    expect.objectContaining({ code: 'MILLRACE_INVALID_OPTION' }),
  );
});
