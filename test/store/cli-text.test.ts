import { fileURLToPath } from 'node:url';
import { defineEvent, openEngine } from 'millrace';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { millrace } from '../support/millrace.js';
import { runNode } from '../support/run-script.js';
import { tempStore } from '../support/temp-folder.js';

const CLI = fileURLToPath(new URL('../../dist/src/cli/millrace.js', import.meta.url));

const Written = defineEvent('text.written', {
  schema: z.object({ id: z.string(), text: z.string(), also: z.string().optional() }),
  aggregateId: ({ id }) => id,
});
const Unheard = defineEvent('text.unheard', { schema: z.any(), aggregateId: () => 'a' });

/** What a terminal obeys, or hides: an escape that clears the screen, a row of its own, a title, bidi overrides, … */
const HOSTILE = [
  'clear\x1b[2J',
  'row\n999  2020-01-01T00:00:00.000Z  text.written  forged v1  {}',
  'return\rover',
  'tab\there',
  'title\x1b]0;owned\x07',
  'c1\x9b2J',
  'del\x7f',
  'bidi\u202egnp.exe',
  'isolate\u2066x',
  'mark\u200f',
  'line\u2028separated\u2029',
  'hidden\u200b\ufeff',
];

const LONG = 'x'.repeat(1100);
/** Everything but printable characters and line breaks. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u;

let store: string;

beforeAll(async () => {
  store = tempStore();
  const handlers = [new URL('../handlers/hostile-text.mjs', import.meta.url)];
  const engine = await openEngine({
    events: [Written, Unheard],
    store,
    threads: 0,
    handlers,
    run: 'r\x1b[2J',
  });
  for (const id of HOSTILE) await engine.publish(Written({ id, text: id }, { correlationId: 'story' }));
  await engine.publish(Written({ id: 'i'.repeat(500), text: LONG }));
  await engine.drain();
  await engine.close();
});

describe('text from data shows in a terminal and does nothing there:', () => {
  test.each([
    ['inspect'],
    ['inspect', '--full'],
    ['inspect', '--json'],
    ['read'],
    ['read', '--json'],
    ['dead-letters'],
    ['dead-letters', '--json'],
    ['dead-letters', 'list', '1'],
    ['trace', '--correlation', 'story'],
    ['trace', '--correlation', 'story', '--json'],
    ['trace', '--position', '1', '--chrome'],
    ['verify'],
  ])('%s %s %s', async (command, ...args) => {
    const { code, stdout, stderr } = await millrace(command, store, ...args);
    expect(code).toBe(0);
    expect(stderr).toBe('');
    for (const line of stdout.split('\n')) expect(line).not.toMatch(UNSEEN);
    expect(stdout).not.toMatch(/^999 /m);
  });

  test('one event is one line, whatever its id holds', async () => {
    const { stdout } = await millrace('read', store);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => Number.parseInt(line, 10))).toEqual(lines.map((_, index) => index + 1));
    expect(lines[0]).toContain('clear\\u001b[2J v1');
    expect(lines[1]).toContain('row\\n999  2020');
  });

  test('JSON means the same as before', async () => {
    const { stdout } = await millrace('read', store, '--json');
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.slice(0, HOSTILE.length).map(({ aggregateId }) => aggregateId)).toEqual(HOSTILE);
  });

  test.each([
    ['nope\x1b[2J'],
    ['inspect', 'a\x1b[2Jb.db'],
    ['inspect', store_(), '--\x1b[2J'],
    ['read', store_(), '--from', '\x1b[2J\n'],
    ['trace', store_(), '--id', 'r/\x1b[2J/1'],
    ['dead-letters', store_(), '\x1b[2J'],
    ['sweep', '--input', '\x1b[2J.csv'],
  ])('also in messages: %j %j %j %j', async (...args) => {
    const { code, stderr } = await millrace(
      ...args.map((argument) => (argument === store_() ? store : argument)),
    );
    expect(code).not.toBe(0);
    for (const line of stderr.split('\n')) expect(line).not.toMatch(UNSEEN);
  });
});

/** Stands for the store, which is made after the tables of tests. */
function store_(): string {
  return '{store}';
}

describe('what a person reads', () => {
  test('inspect shortens payloads and ids, and has --full', async () => {
    const short = await millrace('inspect', store);
    expect(Math.max(...short.stdout.split('\n').map(({ length }) => length))).toBeLessThan(400);
    expect(short.stdout).toMatch(/ v1 {2}\{"id":"i+…$/m);
    const full = await millrace('inspect', store, '--full');
    expect(full.stdout).toContain(LONG);
    expect(JSON.parse((await millrace('inspect', store, '--json')).stdout).last.at(-1).data.text).toBe(LONG);
  });

  test('read of a type that the store does not know is refused, with the one that was meant', async () => {
    const { code, stdout, stderr } = await millrace('read', store, '--type', 'text.writen');
    expect(stderr).toMatch(/^MILLRACE_UNKNOWN_EVENT_TYPE: .*Did you mean 'text\.written'\?$/m);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });

  test('read that finds nothing says so, and is no failure', async () => {
    for (const args of [
      ['--type', 'text.unheard'],
      ['--aggregate', 'nobody'],
      ['--from', '5000'],
    ]) {
      const outcome = await millrace('read', store, ...args);
      expect(outcome).toEqual({ code: 0, stdout: '', stderr: 'No event of the store is like that.\n' });
    }
  });

  test.each([
    [['inspekt', 'a.db'], /no command 'inspekt'\. Did you mean 'inspect'\?/],
    [['inspect', 'a.db', '--fingerprnt'], /no option '--fingerprnt'\. Did you mean '--fingerprint'\?/],
    [['read', 'a.db', '--types', 'x'], /no option '--types'\. Did you mean '--type'\?/],
    [['trace', 'a.db', '--corelation', 'x'], /Did you mean '--correlation'\?/],
    [['verify', 'a.db', '--jsn'], /Did you mean '--json'\?/],
    [['dead-letters', 'a.db', 'discrad'], /cannot 'discrad'\. Did you mean 'discard'\?/],
    [['dead-letters', 'a.db', '--limits', '1'], /Did you mean '--limit'\?/],
    [['sweep', '--thread', '1'], /Did you mean '--threads'\?/],
    [['profile', '--second', '1', '--', 'node'], /Did you mean '--seconds'\?/],
    [['profile', 'diff', 'a', 'b', '--treshold', '1'], /Did you mean '--threshold'\?/],
  ])('%j ends with 2 and the name that was meant', async (args, message) => {
    const outcome = await millrace(...args);
    expect(outcome.stderr).toMatch(message);
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
  });

  test.each([
    ':memory:',
    'file:a.db',
    'data/',
    'memory',
  ])('a FILE that is no path (%s) is refused', async (file) => {
    for (const command of [
      ['inspect'],
      ['read'],
      ['verify'],
      ['dead-letters'],
      ['trace', '--position', '1'],
    ]) {
      const [name = '', ...rest] = command;
      const { code, stderr } = await millrace(name, file, ...rest);
      expect(stderr).toMatch(/^MILLRACE_INVALID_OPTION: .*must be the path of a file/);
      expect(code).toBe(1);
    }
  });

  test.each([
    'sweep',
    'inspect',
    'read',
    'trace',
    'verify',
    'profile',
    'dead-letters',
  ])('%s --help names its options', async (command) => {
    const { code, stdout } = await millrace(command, '--help');
    expect(stdout).toContain(`millrace ${command}`);
    expect(code).toBe(0);
  });

  test('--help behind -- is the profiled program’s own', async () => {
    const program = [process.execPath, '-p', '"its own " + process.argv.slice(1)', '--', '--help'];
    const { stdout } = await runNode([CLI, 'profile', '--', ...program]);
    expect(stdout).toContain('its own --help');
  });
});
