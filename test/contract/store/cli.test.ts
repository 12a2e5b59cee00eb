import { fileURLToPath } from 'node:url';
import { discardDeadLetters, openStoreReader } from 'millrace/store';
import { beforeAll, describe, expect, test } from 'vitest';
import { copyOf, makeStore, withSql } from '../../support/damaged-store.js';
import { millrace } from '../../support/millrace.js';
import { openTestEngine } from '../../support/open-test-engine.js';
import { runNode } from '../../support/run-script.js';
import { withEvents } from '../../support/segment-edit.js';
import { tempStore } from '../../support/temp-folder.js';

/** The program, which is also a file that is no store. */
const CLI = fileURLToPath(new URL('../../../dist/src/cli/millrace.js', import.meta.url));

let store: string;
/** Positions of its two dead letters, which are skipped ones. */
let positions: number[];

beforeAll(async () => {
  store = await makeStore();
  discardDeadLetters(store, positionsOf('parked'));
  positions = positionsOf('skipped');
});

function positionsOf(state: string): number[] {
  using reader = openStoreReader(store);
  return [...reader.deadLetters()].filter((letter) => letter.state === state).map(({ position }) => position);
}

describe('millrace verify', () => {
  test('ends with 0 when a store is whole, and says how much it has read', async () => {
    const { code, stdout } = await millrace('verify', store);
    expect(stdout).toMatch(/^result +whole/m);
    expect(stdout).toMatch(/^read +\d+ events of \d+ aggregates$/m);
    expect(code).toBe(0);
    const json = await millrace('verify', store, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ path: store, ok: true, problems: [], more: 0 });
    expect(json.code).toBe(0);
  });

  test('ends with 1 when it is not, and names the first bad position', async () => {
    const damaged = withEvents(store, (event) => {
      if ([40, 30].includes(event.position)) event.occurredAt = 5;
    });
    const { code, stdout } = await millrace('verify', damaged);
    expect(stdout).toMatch(/^result +DAMAGED$/m);
    expect(stdout).toMatch(/^ +30 {2}event +The event at position 30 is not what was written/m);
    expect(stdout).toMatch(/first bad position is 30;/);
    expect(code).toBe(1);
    const json = await millrace('verify', damaged, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: false,
      firstBadPosition: 30,
      problems: [{ position: 30 }, { position: 40 }],
    });
    expect(json.code).toBe(1);
  });

  test('says when no event is affected', async () => {
    const { code, stdout } = await millrace('verify', withSql(store, 'UPDATE progress SET mark = mark - 1'));
    expect(stdout).toContain('No event of the log is affected.');
    expect(code).toBe(1);
  });

  test.each([
    [['verify'], 2, /needs a file/],
    [['verify', 'a', 'b'], 2, /'b' is a second one/],
    [['trace', 'a', '14'], 2, /'14' is a second one. To follow an event: millrace trace a --position 14/],
    [['trace', 'a', '1f-2'], 2, /To follow an event: millrace trace a --id 1f-2/],
    [['verify', 'none.db'], 1, /^MILLRACE_STORE_PATH: /],
    [['verify', CLI], 1, /^MILLRACE_STORE_FOREIGN: /],
  ])('%j ends with %d', async (args, code, message) => {
    const outcome = await millrace(...args);
    expect(outcome.stderr).toMatch(message);
    expect(outcome).toMatchObject({ code, stdout: '' });
  });
});

describe('millrace dead-letters', () => {
  const first = () => String(positions[0]);

  test('lists them, one a line', async () => {
    const { code, stdout } = await millrace('dead-letters', store);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(
      /^\d+ {2}skipped {2}2023-11-14T22:13:21\.000Z {2}note\.noted {2}large v1 {2}key large {2}3 tries by risk on lane 1 {2}RangeError: at \d+$/,
    );
    expect(code).toBe(0);
    expect((await millrace('dead-letters', store, 'list')).stdout).toBe(stdout);
  });

  test('lists some of them, or some in full', async () => {
    const limited = await millrace('dead-letters', store, 'list', '--limit', '1');
    expect(limited.stdout).toMatch(/^\d+ {2}skipped .*\n… and more; see --limit\n$/);
    const full = await millrace('dead-letters', store, 'list', first());
    expect(full.stdout).toMatch(/RangeError: at \d+\n {4}RangeError: at \d+\n {8}at /);
  });

  test('lists them as JSON, an object a line', async () => {
    const { stdout } = await millrace('dead-letters', store, 'list', '--json');
    const letters = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(letters.map(({ position }) => position)).toEqual(positions);
    expect(letters[1]).toMatchObject({
      aggregateId: 'large',
      version: 2,
      state: 'skipped',
      retry: false,
      error: { name: 'RangeError', message: `at ${positions[1]}`, stack: expect.any(String) },
    });
  });

  test('has some tried again, and gives others up', async () => {
    const copy = copyOf(store);
    const retried = await millrace('dead-letters', copy, 'retry', first());
    expect(retried).toMatchObject({ code: 0, stdout: expect.stringMatching(/^1 dead letter will be tried/) });
    expect((await millrace('dead-letters', copy)).stdout).toMatch(/will be tried again.*\n.*(?<!again.*)\n$/);
    const discarded = await millrace('dead-letters', copy, 'discard', '--all', '--json');
    expect(JSON.parse(discarded.stdout)).toEqual({ discarded: positions });
    expect((await millrace('dead-letters', copy)).stdout).toBe('There are no dead letters.\n');
    expect((await millrace('inspect', copy)).stdout).toMatch(/^dead letters none$/m);
    expect((await millrace('inspect', store)).stdout).toMatch(/^dead letters 0 parked, 2 skipped$/m);
    expect((await millrace('verify', copy)).code).toBe(0);
  });

  test('leaves a store alone that an engine has open, and says what to use', async () => {
    const path = tempStore();
    await openTestEngine({ store: path });
    // As its own process, which the locks of this one keep out.
    const outcome = await runNode([CLI, 'dead-letters', path, 'discard', '--all']);
    expect(outcome.stderr).toMatch(/^MILLRACE_STORE_LOCKED: .*engine\.deadLetters/);
    expect(outcome.code).toBe(1);
    expect((await runNode([CLI, 'dead-letters', path])).code).toBe(0);
  });

  test.each([
    [['dead-letters'], 2, /needs a file/],
    [['dead-letters', 'FILE', 'bury'], 2, /cannot 'bury'. It can: list, retry, discard/],
    [['dead-letters', 'FILE', 'retry'], 2, /needs positions or --all/],
    [['dead-letters', 'FILE', 'discard', '1', '--all'], 2, /needs positions or --all/],
    [['dead-letters', 'FILE', 'retry', '1.5'], 2, /POSITION is '1.5'/],
    [['dead-letters', 'FILE', '--limit', '0'], 2, /--limit is '0'/],
    [['dead-letters', 'FILE', 'retry', '1'], 1, /^MILLRACE_DEAD_LETTER_NOT_FOUND: .*at position 1\b/],
    [['dead-letters', 'FILE', 'list', '1'], 1, /^MILLRACE_DEAD_LETTER_NOT_FOUND: .*at position 1\b/],
    [['dead-letters', 'none.db'], 1, /^MILLRACE_STORE_PATH: /],
    [['dead-letters', 'none.db', 'retry', '--all'], 1, /^MILLRACE_STORE_PATH: /],
  ])('%j ends with %d', async (args, code, message) => {
    const outcome = await millrace(...args.map((arg) => (arg === 'FILE' ? store : arg)));
    expect(outcome.stderr).toMatch(message);
    expect(outcome).toMatchObject({ code, stdout: '' });
  });
});

test('the help names both commands', async () => {
  const { stdout } = await millrace('--help');
  expect(stdout).toMatch(/^ {2}verify FILE .*\n(.*\n)? {2}dead-letters FILE /m);
  for (const command of ['verify', 'dead-letters']) {
    expect((await millrace(command, '--help')).stdout).toMatch(new RegExp(`^millrace ${command} FILE`));
  }
});
