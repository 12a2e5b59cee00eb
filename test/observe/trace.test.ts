import type { NewEvent } from 'millrace';
import { traceChrome, traceTree } from 'millrace/observe';
import { openStoreReader, traceStory } from 'millrace/store';
import { beforeAll, describe, expect, test } from 'vitest';
import { MAX_TRACED_EVENTS } from '../../dist/src/limits.js';
import { Deposited, Noted } from '../handlers/events.mjs';
import { millrace } from '../support/millrace.js';
import { handlers, openForTests } from '../support/open-test-engine.js';
import { tempStore } from '../support/temp-folder.js';

const store = tempStore();
const START = Date.UTC(2024, 0, 1);

const trace = (...args: readonly string[]) => millrace('trace', ...args);

/** Times of emitted events are those of the handlers; everything else of the text is known. */
const untimed = (text: string) => text.replace(/\+\S+ (ms|s)$/gm, '+t');

beforeAll(async () => {
  await using engine = await openForTests({ store, run: 'r', handlers: [handlers('account')] });
  const publish = (event: NewEvent) => engine.publish(event, { until: 'handled' });
  // Another story before, one between and one after.
  await publish(Noted({ note: 'before' }));
  await publish(Deposited({ account: 'a', amount: 1 }, { correlationId: 'story', occurredAt: START }));
  await publish(Deposited({ account: 'other', amount: 2 }));
  await publish(Noted({ note: 'x/y' }, { correlationId: 'story', occurredAt: START + 2500 }));
  await publish(Noted({ note: 'caused' }, { causationId: 'r/x/y/1', occurredAt: START + 3000 }));
  await engine.drain();
  await engine.publishMany(
    Array.from({ length: MAX_TRACED_EVENTS + 1 }, () => Noted({ note: 'long' }, { correlationId: 'long' })),
  );
});

/** Position and type of each event of a story, causes before what they led to. */
function storyOf(query: Parameters<typeof traceStory>[1]): string {
  using reader = openStoreReader(store);
  return untimed(traceTree(traceStory(reader, query).roots)).replaceAll(/^(\D*)\d+ {2}/gm, '$1');
}

const TREE = `account.deposited  a v1  +t
└─ ledger.credited  ledger-a v1  +t
   └─ audit.recorded  audit-a v1  +t
note.noted  x/y v1  +t
└─ note.noted  caused v1  +t`;

describe('a story', () => {
  test('has everything with its correlation id and what that led to, and nothing else', () => {
    expect(storyOf({ correlationId: 'story' })).toBe(TREE);
  });

  test('begins at an event when it is asked for by id or position', () => {
    const [, , , note = '', caused = ''] = TREE.split('\n');
    expect(storyOf({ id: 'r/x/y/1' })).toBe(`${note}\n${caused}`);
    expect(storyOf({ id: 'r/ledger-a/1' })).toBe(
      'ledger.credited  ledger-a v1  +t\n└─ audit.recorded  audit-a v1  +t',
    );
    expect(storyOf({ position: 2 })).toBe(TREE.split('\n').slice(0, 3).join('\n'));
  });

  test('has a limit, and says when it goes on', () => {
    using reader = openStoreReader(store);
    const path = 'app.db' as unknown as Parameters<typeof traceStory>[0];
    expect(() => traceStory(path, { position: 1 })).toThrow(/takes a reader.*app\.db/);
    const { events, roots, truncated } = traceStory(reader, { correlationId: 'long' });
    expect([events, roots.length, truncated]).toEqual([MAX_TRACED_EVENTS, MAX_TRACED_EVENTS, true]);
    expect(traceStory(reader, { correlationId: 'story' })).toMatchObject({ events: 5, truncated: false });
  });

  test('that nobody knows is empty or refused', () => {
    using reader = openStoreReader(store);
    expect(traceStory(reader, { correlationId: 'none' })).toEqual({
      roots: [],
      events: 0,
      truncated: false,
    });
    for (const query of [
      { id: 'none' },
      { id: 'r/a/99' },
      { id: 'other/a/1' },
      { position: 1_000_000 },
      { position: 0.5 },
      { correlationId: '' },
    ]) {
      expect(() => traceStory(reader, query)).toThrow(/^trace: /);
    }
  });
});

describe('as text', () => {
  test('times are since the first event', () => {
    using reader = openStoreReader(store);
    const { roots } = traceStory(reader, { id: 'r/x/y/1' });
    expect(traceTree(roots).split('\n')).toEqual([
      expect.stringMatching(/^\d+ {2}note\.noted {2}x\/y v1 {2}\+0 ms$/),
      expect.stringMatching(/^└─ \d+ {2}note\.noted {2}caused v1 {2}\+500 ms$/),
    ]);
    expect(traceTree([])).toBe('');
  });

  test('several children hang on one line', () => {
    using reader = openStoreReader(store);
    const [root] = traceStory(reader, { id: 'r/x/y/1' }).roots;
    if (!root) throw new Error('There is no such event.');
    const [child] = root.children;
    if (!child) throw new Error('It led to nothing.');
    const tree = traceTree([{ ...root, children: [{ ...child, children: [child] }, child] }]);
    expect(tree.split('\n').map((line) => line.replace(/\d.*/, ''))).toEqual(['', '├─ ', '│  └─ ', '└─ ']);
  });
});

interface ChromeEvent {
  readonly ph: string;
  readonly name: string;
  readonly tid: number;
  readonly ts: number;
  readonly id?: number;
  readonly args?: { readonly name?: string; readonly position?: number };
}

function chrome(text: string): readonly ChromeEvent[] {
  return (JSON.parse(text) as { traceEvents: ChromeEvent[] }).traceEvents;
}

test('as a Chrome trace it has a row an aggregate, an instant an event, an arrow a cause', () => {
  using reader = openStoreReader(store);
  const events = chrome(
    JSON.stringify(traceChrome(traceStory(reader, { correlationId: 'story' }).roots), (_, value) =>
      typeof value === 'bigint' ? String(value) : value,
    ),
  );
  const of = (phase: string) => events.filter(({ ph }) => ph === phase);
  expect(of('M').map(({ args }) => args?.name)).toEqual(['a', 'ledger-a', 'audit-a', 'x/y', 'caused']);
  expect(of('M').map(({ tid }) => tid)).toEqual([1, 2, 3, 4, 5]);
  expect(of('X').map(({ tid }) => tid)).toEqual([1, 2, 3, 4, 5]);
  expect(of('X').map(({ ts }) => ts)).toEqual(expect.arrayContaining([0, 2_500_000, 3_000_000]));
  const arrows = of('s').map(({ id, tid }) => [tid, of('f').find((end) => end.id === id)?.tid]);
  expect(arrows.sort()).toEqual([
    [1, 2],
    [2, 3],
    [4, 5],
  ]);
  expect(of('f').length).toBe(3);
});

describe('millrace trace', () => {
  test('prints the tree', async () => {
    const { code, stdout } = await trace(store, '--correlation', 'story');
    using reader = openStoreReader(store);
    expect(stdout).toBe(`${traceTree(traceStory(reader, { correlationId: 'story' }).roots)}\n`);
    expect(code).toBe(0);
  });

  test('prints JSON, and a Chrome trace', async () => {
    const json = await trace(store, '--position', '2', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      events: 3,
      truncated: false,
      roots: [{ event: { type: 'account.deposited' }, children: [{ event: { aggregateId: 'ledger-a' } }] }],
    });
    const { stdout } = await trace(store, '--id', 'r/a/1', '--chrome');
    expect(chrome(stdout).filter(({ ph }) => ph === 'X')).toHaveLength(3);
  });

  test.each([
    [['--correlation', 'none'], 1, /^No event of the store belongs to it\./],
    [['--correlation', 'long'], 0, /^The story goes on after these 2000 events\./],
    [['--id', 'r/a/99'], 1, /^MILLRACE_INVALID_OPTION: trace: there is no event 'r\/a\/99'/],
    [[], 2, /needs one of --correlation, --id and --position/],
    [['--id', 'a', '--position', '1'], 2, /needs one of/],
    [['--position', 'first'], 2, /--position/],
    [['--position', '1', '--json', '--chrome'], 2, /exclude each other/],
  ])('%j ends with %d', async (args, code, message) => {
    const outcome = await trace(store, ...args);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.code).toBe(code);
  });
});
