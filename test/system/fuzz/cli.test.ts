import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { MillraceError } from 'millrace';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Command, UsageError } from '../../../dist/src/cli/command.js';
import { Noted } from '../../handlers/events.mjs';
import { openForTests } from '../../support/open-test-engine.js';
import { checkProperty } from '../../support/property.js';
import { tempFolder } from '../../support/temp-folder.js';
import { expectUnpolluted } from '../../support/unpolluted.js';

const CLI = new URL('../../../dist/src/cli/', import.meta.url);
const SUFFIX = '-command.js';

/** Every command that there is, also one that is added later. */
const COMMANDS = readdirSync(fileURLToPath(CLI))
  .filter((name) => name.endsWith(SUFFIX))
  .map((name) => name.slice(0, -SUFFIX.length));

/** What the commands find in their folder. */
const FILES = ['good.db', 'garbage.db', 'empty.db', 'folder', 'missing.db', 'good.csv', 'bad.csv'];

const here = process.cwd();
const folder = tempFolder();
const whole = join(tempFolder(), 'whole.db');

beforeAll(async () => {
  // A command may make files where it is run.
  process.chdir(folder);
  const engine = await openForTests({ store: whole });
  await engine.publishMany(['a', "'; DROP TABLE events; --", '__proto__'].map((note) => Noted({ note })));
  await engine.close();
  writeFileSync('garbage.db', 'SQLite format 3\0 and nothing else');
  writeFileSync('empty.db', '');
  writeFileSync('good.csv', 'date,open,high,low,close\n2020-01-01,1,1,1,1\n2020-01-02,1,1,1,1\n');
  writeFileSync('bad.csv', 'date,open\n1,2\n');
});
afterAll(() => process.chdir(here));

/** Text without a slash, which could lead out of the folder. */
const anyText = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom('', '\ud800', 'x'.repeat(5000), '__proto__'),
  )
  .filter((word) => !/[/\\]|^\.*$/.test(word) || word === '');

const value = fc.oneof(
  fc.constantFrom(
    '1',
    '0',
    '-1',
    '1.5',
    '1e3',
    '0x1',
    'NaN',
    'Infinity',
    '9007199254740993',
    '9'.repeat(400),
  ),
  fc.constantFrom("'; DROP TABLE events; --", '\n', 'list', 'retry', 'discard', 'note.noted'),
  fc.constantFrom(...FILES),
  anyText,
);

/** Words that its options and its help make likely, and others. */
function wordsFor(options: readonly string[]): fc.Arbitrary<string[]> {
  const option = fc.constantFrom(...options, '--', '-', '--no-json', '--__proto__', '-x');
  const word = fc.oneof(
    option,
    value,
    fc.tuple(option, value).map(([name, given]) => `${name}=${given}`),
    fc.tuple(option, value).map(([name, given]) => `${name} ${given}`),
  );
  // As many threads as are allowed would take the machine, and say nothing about the arguments.
  return fc
    .array(word, { maxLength: 6 })
    .map((words) => words.map((given) => (/^-*t/.test(given) ? '--threads=0' : given)));
}

interface Outcome {
  readonly code?: number;
  readonly error?: unknown;
}

/** Runs a command in this process. What it prints is thrown away. */
async function run(command: Command, words: readonly string[]): Promise<Outcome> {
  const silent = (_text: unknown, done?: unknown) => {
    if (typeof done === 'function') done();
    return true;
  };
  const spies = [
    ...[process.stdout, process.stderr].map((stream) => vi.spyOn(stream, 'write').mockImplementation(silent)),
    // A command that reads statements from there would wait for ever.
    vi.spyOn(process, 'stdin', 'get').mockImplementation(() => Readable.from([]) as typeof process.stdin),
  ];
  try {
    return { code: await command.run(words) };
  } catch (error) {
    return { error };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** Whether the command line may end with it: what `millrace` prints without a stack. */
function isCoded(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  const isOfParser = typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS');
  return error instanceof UsageError || error instanceof MillraceError || isOfParser;
}

/** What the commands that simulate begin with. */
const INPUT: Readonly<Record<string, readonly string[]>> = {
  backtest: ['--input', 'good.csv'],
  sweep: ['--input', 'good.csv', '--threads', '0'],
  'walk-forward': ['--input', 'good.csv', '--threads', '0'],
};

describe.each(COMMANDS)('millrace %s', (name) => {
  test('takes any arguments: an exit code, or a coded error', async () => {
    const { default: command } = (await import(new URL(name + SUFFIX, CLI).href)) as { default: Command };
    const options = [...new Set(command.help.match(/--[a-z]+/g))];
    const property = fc.asyncProperty(wordsFor(options), async (words) => {
      copyFileSync(whole, 'good.db');
      // Without this the backtests of five thousand candles would run, over and over.
      const input = INPUT[name] ?? [];
      const { code, error } = await run(command, [...input, ...words]);
      if (error !== undefined && !isCoded(error)) throw error;
      if (code !== undefined) expect([0, 1]).toContain(code);
      expectUnpolluted();
    });
    await checkProperty(property, { runs: name in INPUT ? 25 : 200 });
    expect(readFileSync(whole).length).toBeGreaterThan(0);
  });
});

describe.concurrent('millrace', () => {
  const lines: readonly (readonly string[])[] = [
    [],
    [''],
    ['--'],
    ['-'],
    ['__proto__'],
    ['toString', 'good.db'],
    ['--json'],
    ['read', '--from=-1', 'good.db'],
    ['inspect', 'garbage.db'],
    ['sweep', '--input', 'bad.csv'],
    ['x'.repeat(100_000)],
  ];

  test.each(
    lines.map((words) => ({ words, shown: JSON.stringify(words).slice(0, 40) })),
  )('$shown ends with an exit code and a message, without a stack', async ({ words }) => {
    const script = fileURLToPath(new URL('millrace.js', CLI));
    const child = spawn(process.execPath, [script, ...words], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [complaint, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect([1, 2]).toContain(code);
    expect(complaint).not.toMatch(/\n\s+at /);
    if (words.length > 0) expect(complaint).toMatch(/^(millrace|MILLRACE_[A-Z_]+): /);
  });
});
