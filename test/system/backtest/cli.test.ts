import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { millrace as runHere } from '../../support/millrace.js';

// Processes are started here, several a test, beside all other test files. The bound only catches a hang.
vi.setConfig({ testTimeout: 240_000 });

const CLI = fileURLToPath(new URL('../../../dist/src/cli/millrace.js', import.meta.url));
const SAMPLE = fileURLToPath(
  new URL('../../../node_modules/vega-datasets/data/sp500-2000.csv', import.meta.url),
);

const directory = mkdtempSync(join(tmpdir(), 'millrace-cli-'));
afterAll(() => rmSync(directory, { recursive: true }));

let files = 0;
const newFile = (suffix: string) => join(directory, `${++files}${suffix}`);

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(args: readonly string[]): { child: ChildProcess; outcome: Promise<Outcome> } {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const streams = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { child, outcome: streams.then(([stdout, stderr, [code]]) => ({ code, stdout, stderr })) };
}

/** Without a process of its own, in the folder of the processes. */
async function millrace(...args: string[]): Promise<Outcome> {
  const here = process.cwd();
  process.chdir(directory);
  try {
    return await runHere(...args);
  } finally {
    process.chdir(here);
  }
}

/** Resolves when a sweep has written this much, so that it is surely under way. */
async function written(store: string, bytes: number): Promise<void> {
  const size = (path: string) => (existsSync(path) ? statSync(path).size : 0);
  while (size(`${store}-wal`) + size(store) < bytes) await wait(5);
}

/** What an undisturbed run and a resumed one must have in common. */
function essence(stdout: string): unknown {
  const { fingerprint, runs, finished, events, best, buyAndHold, countsByType } = JSON.parse(stdout);
  return { fingerprint, runs, finished, events, best, buyAndHold, countsByType };
}

describe('millrace', () => {
  test('helps, and says what it is', async () => {
    expect(await millrace('--help')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('inspect FILE'),
    });
    expect(await millrace('sweep', '--help')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('--threads N'),
    });
    expect((await millrace('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test.each([
    [['swep'], 2, /no command 'swep'/],
    [['constructor'], 2, /no command 'constructor'/],
    [['sweep', '--thread', '2'], 2, /--thread/],
    [['sweep', '--threads', '1.5'], 2, /whole number from 0 to 256/],
    [['sweep', '--store', ''], 2, /--store is empty/],
    [['inspect'], 2, /needs a file/],
    [['read', 'a', 'b'], 2, /'b' is a second one/],
    [['read', 'a', '--from', '0'], 2, /--from is '0'/],
    [['sweep', '--input', 'none.csv'], 1, /^MILLRACE_INPUT: The file 'none.csv' does not exist/],
    [['sweep', '--store', '.'], 1, /^MILLRACE_STORE_PATH: /],
    [['inspect', 'none.db'], 1, /^MILLRACE_STORE_PATH: /],
  ])('%j ends with %d', async (args, code, message) => {
    const outcome = await millrace(...args);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr).not.toMatch(/\n {4}at /);
    expect(outcome).toMatchObject({ code, stdout: '' });
  });

  test('a bad CSV is named with its line, and leaves no store behind', async () => {
    const input = newFile('.csv');
    const store = newFile('.db');
    writeFileSync(input, 'date,open,high,low,close\n2020-01-01,1,1,1,1\n2020-01-01,1,1,1,1\n');
    const outcome = await millrace('sweep', '--input', input, '--store', store);
    expect(outcome).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('line 3: 2020-01-01 is the same date'),
    });
    expect(existsSync(store)).toBe(false);
  });
});

describe('millrace sweep', () => {
  test('reports for a person, and tells how to look inside', async () => {
    const store = newFile('.db');
    const { code, stdout } = await millrace('sweep', '--input', SAMPLE, '--threads', '1', '--store', store);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /240 of 240 backtests of 'rsi' finished over 5,105 candles \(1d, 2000-01-03 to 2020-04-17\)/,
    );
    expect(stdout).toMatch(/^10 .*\n +buy and hold .* 95\.3 %/m);
    expect(stdout).toMatch(/^backtest\.completed +240$/m);
    expect(stdout).toMatch(/events\/s, .* candle steps\/s on 1 thread,/);
    expect(stdout).toMatch(/^time +\d+\.\d\d s in all, \d+\.\d\d s of it for the candles, /m);
    expect(stdout).toMatch(/^fingerprint {2}[0-9a-f]{64}$/m);
    expect(stdout).toContain(`npx millrace inspect ${store}`);

    const summary = JSON.parse((await millrace('inspect', store, '--json', '--fingerprint')).stdout);
    expect(summary).toMatchObject({ unfinished: 0, aggregates: 240 });
    expect(stdout).toContain(summary.fingerprint);
    expect(summary.last.at(-1)).toMatchObject({ type: 'backtest.completed', position: summary.lastPosition });
    const inspected = await millrace('inspect', store);
    expect(inspected.stdout).toMatch(/^backtest\.started +240$/m);
    expect(inspected.stdout).toMatch(/^progress +all handled/m);
  });

  test('prints one JSON object, and puts the store into runs/ when none is named', async () => {
    const input = newFile('.csv');
    writeFileSync(input, 'date,open,high,low,close\n2020-01-01,1,1,1,1\n2020-01-02,1,1,1,1\n');
    const { code, stdout } = await millrace('sweep', '--input', input, '--threads', '0', '--json');
    const result = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(result).toMatchObject({ threads: 0, runs: 240, events: 720, resumed: false, interrupted: false });
    expect(result.best.length).toBe(10);
    expect(result.results).toHaveLength(240);
    expect(result.results.slice(0, 10)).toEqual(result.best);
    expect(result.totalSeconds).toBeGreaterThan(result.seconds);
    expect(readdirSync(join(directory, 'runs')).map((name) => `runs/${name}`)).toContain(result.store);
  });

  // A part of the sample: what is interrupted, killed and read needs hundreds of backtests, but no long ones.
  const PART = newFile('.csv');
  writeFileSync(PART, readFileSync(SAMPLE, 'utf8').split('\n').slice(0, 801).join('\n'));

  const whole = { store: newFile('.db'), outcome: undefined as Promise<Outcome> | undefined };
  const undisturbed = async () => {
    whole.outcome ??= millrace('sweep', '--input', PART, '--threads', '2', '--store', whole.store, '--json');
    return essence((await whole.outcome).stdout);
  };

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s finishes what is under way, tells how to resume, and ends with %d', async (signal, exitCode) => {
    const store = newFile(" it's.db");
    const { child, outcome } = start([
      'sweep',
      '--input',
      PART,
      '--threads',
      '1',
      '--store',
      store,
      '--json',
    ]);
    await written(store, 200_000);
    child.kill(signal);
    const { code, stdout, stderr } = await outcome;
    expect(code).toBe(exitCode);
    expect(JSON.parse(stdout)).toMatchObject({ interrupted: true, runs: 240 });
    const [, command] = /To do the rest:\n {2}npx millrace (.*)\n/.exec(stderr) ?? [];
    const quoted = store.replace("'", "'\\''");
    expect(command).toBe(`sweep --input ${PART} --threads 1 --store '${quoted}' --json`);
    const resumed = await millrace('sweep', '--store', store, '--input', PART, '--threads', '2', '--json');
    expect(resumed.code).toBe(0);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ resumed: true, interrupted: false });
    expect(essence(resumed.stdout)).toEqual(await undisturbed());
  });

  test('killed midway, it gives the same result when it is run again', async () => {
    const store = newFile('.db');
    const args = ['sweep', '--input', PART, '--threads', '2', '--store', store, '--json'];
    for (const bytes of [100_000, 700_000, 2_000_000]) {
      const { child, outcome } = start(args);
      await written(store, bytes);
      child.kill('SIGKILL');
      expect((await outcome).code).toBeNull();
    }
    const resumed = await millrace(...args);
    expect(resumed).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(resumed.stdout).resumed).toBe(true);
    expect(essence(resumed.stdout)).toEqual(await undisturbed());
  });

  test('the events of one backtest can be read as JSON lines, by type and from a position', async () => {
    await undisturbed();
    const all = await millrace('read', whole.store, '--json', '--type', 'backtest.started');
    const started = all.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(started.length).toBe(240);
    const id = started[7].aggregateId;
    const read = async (...args: string[]) => {
      const { code, stdout } = await millrace('read', whole.store, '--aggregate', id, '--json', ...args);
      expect(code).toBe(0);
      return stdout
        .trimEnd()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    };
    const events = await read();
    expect(events.map((event) => event.version)).toEqual(events.map((_, index) => index + 1));
    expect(events[0]).toEqual(started[7]);
    expect(events.at(-1).type).toBe('backtest.completed');
    expect(await read('--from', String(events[3].position))).toEqual(events.slice(3));
    expect(await read('--from', '1', '--type', 'backtest.completed')).toEqual(events.slice(-1));
    const plain = await millrace('read', whole.store, '--aggregate', id);
    expect(plain.stdout.split('\n')[0]).toContain(`backtest.started  ${id} v1  {"backtest_id"`);
  });

  test('a reader that goes away early is no error', async () => {
    await undisturbed();
    const { child, outcome } = start(['read', whole.store, '--json']);
    const closed = once(child, 'close');
    child.stdout?.once('data', () => child.stdout?.destroy());
    await expect(outcome).rejects.toThrow(/[Pp]remature close/);
    await closed;
    expect(child.exitCode).toBe(0);
  });
});
