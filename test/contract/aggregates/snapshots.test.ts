import { defineAggregate } from 'millrace/aggregates';
import { verifyStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { SqliteReader } from '../../../dist/src/store/sqlite-reader.js';
import { Ledger, Remarked, Stepped } from '../../handlers/ledgers.mjs';
import { oneTo } from '../../support/collect.js';
import { withSql } from '../../support/damaged-store.js';
import { look, openLedgers, snapshotNotices, snapshotsIn, step } from '../../support/ledgers.js';
import { storeFor } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

/** The versions of the snapshots in a file, by their aggregates' numbers. */
function versionsIn(store: string): Record<number, number> {
  const reader = new SqliteReader(store);
  try {
    const rows = reader.database.prepare('SELECT aggregate, version FROM snapshots').all();
    return Object.fromEntries(
      (rows as { aggregate: number; version: number }[]).map((row) => [row.aggregate, row.version]),
    );
  } finally {
    reader.close();
  }
}

/** A file with ledger a of 25 events and a snapshot at the 20th, and what a command sees of it without one. */
async function filled(): Promise<{ readonly store: string; readonly truth: unknown }> {
  const store = tempStore();
  const engine = await openLedgers({ snapshotEvery: 10 }, { store });
  for (const n of oneTo(25)) await step(engine, 'a', n, 'add', { commandId: `c${n}` });
  const truth = await look(engine, 'a');
  await engine.close();
  expect(versionsIn(store)).toEqual({ 1: 20 });
  return { store, truth };
}

describe.each([0, 2])('snapshots, %i threads', (threads) => {
  test('are saved every so many events, also those of one command and of other writers', async () => {
    const store = tempStore();
    const engine = await openLedgers({ snapshotEvery: 10 }, { store, threads });
    for (const n of oneTo(9)) await step(engine, 'a', n);
    await engine.execute(Ledger, 'b', 'many', { n: 1, hows: oneTo(25).map(() => 'add') });
    await engine.publishMany(oneTo(12).map((n) => Stepped({ ledger: 'c', n, how: 'add' })));
    expect(versionsIn(store)).toEqual({ 2: 25 });
    await step(engine, 'a');
    // It is read of the log, and saved without a command that changes it.
    await look(engine, 'c');
    await engine.close();
    expect(versionsIn(store)).toEqual({ 1: 10, 2: 25, 3: 12 });
    expect(verifyStore(store)).toMatchObject({ ok: true });
  });

  test('stand in the place of the events before them', async () => {
    const { store, truth } = await filled();
    // Whatever is made of the first events, nobody asks for it: a snapshot of this version says what it was.
    const engine = await openLedgers({ snapshotEvery: 10, weight: 100 }, { store, threads });
    const notices = snapshotNotices(engine);
    const sum = await engine.query(Ledger, 'a', (state) => state.sum);
    expect(sum).toBe(210 + 100 * (21 + 22 + 23 + 24 + 25));
    expect(notices).toEqual([]);
    expect(truth).not.toEqual(await look(engine, 'a'));
  });

  test.each([
    ['another version', { snapshotEvery: 10, version: 2, weight: 2 }, 2],
    ['no snapshots at all', { weight: 2 }, 1],
  ])('are not looked at by a definition of %s', async (_what, options, version) => {
    const { store } = await filled();
    const engine = await openLedgers(options, { store, threads });
    const notices = snapshotNotices(engine);
    expect(await engine.query(Ledger, 'a', (state) => state.sum)).toBe(2 * 325);
    await engine.close();
    expect(notices).toEqual([]);
    expect(snapshotsIn(store)).toEqual([[version, 1]]);
  });

  test('keep bytes as what they are, whether a Uint8Array or a Buffer', async () => {
    const store = tempStore();
    const options = { store, threads };
    const engine = await openLedgers({ snapshotEvery: 3 }, options);
    const notices = snapshotNotices(engine);
    for (const how of ['bytes', 'raw', 'write']) await step(engine, 'a', 5, how);
    for (const how of ['bytes', 'sameBytes', 'write', 'partOfBytes']) await step(engine, 'b', 6, how);
    const seen = [await look(engine, 'a'), await look(engine, 'b')];
    await engine.close();
    expect(versionsIn(store)).toEqual({ 1: 3, 2: 3 });
    // What an event of before counts now is not asked: it lies in the snapshots.
    const again = await openLedgers({ snapshotEvery: 3 }, options);
    expect([await look(again, 'a'), await look(again, 'b')]).toEqual(seen);
    const [bytes, raw] = await again.query(Ledger, 'a', (state) => [state.bytes, state.raw]);
    expect(bytes).toStrictEqual(Uint8Array.of(5, 7, 8));
    expect(raw).toStrictEqual(Buffer.of(5, 9));
    for (let n = 0; n < 2; n++) await step(again, 'b', 7, 'write');
    expect(notices).toEqual([]);
    await again.close();
  });

  test('do not change which commands are known by their ids', async () => {
    const { store } = await filled();
    const engine = await openLedgers({ snapshotEvery: 10 }, { store, threads });
    for (const n of [25, 21, 20, 3, 1]) {
      const again = await step(engine, 'a', n, 'add', { commandId: `c${n}` });
      expect(again).toMatchObject({ version: n, position: n, isRepeated: true });
    }
    expect((await step(engine, 'a', 1, 'add', { commandId: 'new' })).version).toBe(26);
  });
});

test('a deterministic log is the same with them and without, on any number of threads', async () => {
  const results = new Set<string>();
  const engines = [
    { threads: 0 },
    { threads: 0, snapshotEvery: 3, reopens: true },
    { threads: 1, snapshotEvery: 4 },
    { threads: 2, snapshotEvery: 3, reopens: true },
    { threads: 4, snapshotEvery: 1 },
  ];
  for (const { threads, reopens, ...definition } of engines) {
    const options = { ...storeFor(reopens ? 'os' : 'memory'), deterministic: true, threads };
    const replies: unknown[] = [];
    let engine = await openLedgers(definition, options);
    for (const from of [0, 40]) {
      const asked = oneTo(40).map((n) =>
        step(engine, `a${n % 3}`, from + n, ['add', 'same', 'poke', 'freeze', 'touch'][n % 5], {
          commandId: `c${(from + n) % 50}`,
        }),
      );
      for (const { reply, version, isRepeated } of await Promise.all(asked)) {
        replies.push([reply, version, isRepeated]);
      }
      if (!reopens || from > 0) continue;
      await engine.close();
      engine = await openLedgers(definition, options);
    }
    results.add(JSON.stringify([await engine.fingerprint(), replies]));
    await engine.close();
  }
  expect(results.size).toBe(1);
});

test.each([
  'memory',
  'os',
] as const)('a dead lane’s aggregates come from their snapshots: %s', async (durability) => {
  const engine = await openLedgers({ snapshotEvery: 5 }, { ...storeFor(durability), threads: 2 });
  for (const n of oneTo(23)) await step(engine, 'a', n, n % 4 === 0 ? 'same' : 'poke');
  const truth = await look(engine, 'a');
  for (const _ of oneTo(2)) {
    await engine.execute(Ledger, 'a', 'exit', undefined).catch(() => {});
    expect(await look(engine, 'a')).toEqual(truth);
  }
});

test.each([
  ['changed bytes', "UPDATE snapshots SET state = x'c0'", 'MILLRACE_STORE_CORRUPT'],
  ['a changed version', 'UPDATE snapshots SET version = 19', 'MILLRACE_STORE_CORRUPT'],
])('a snapshot with %s is made anew from the log, with a notice', async (_what, sql, code) => {
  const { store, truth } = await filled();
  const damaged = withSql(store, sql);
  expect(verifyStore(damaged).problems).toMatchObject([{ kind: 'snapshot' }]);
  const engine = await openLedgers({ snapshotEvery: 10 }, { store: damaged });
  const notices = snapshotNotices(engine);
  expect(await look(engine, 'a')).toEqual(truth);
  expect(notices).toMatchObject([{ aggregate: 'ledger', aggregateId: 'a', error: { code } }]);
  await engine.close();
  expect(versionsIn(damaged)).toEqual({ 1: 25 });
  expect(verifyStore(damaged)).toMatchObject({ ok: true });
});

test('a snapshot of another definition of the same aggregate is not looked at, and another one takes its place', async () => {
  const { store } = await filled();
  const Counted = defineAggregate('counted', {
    ...{ snapshotEvery: 10, events: [Stepped], initial: () => 0, evolve: (count: number) => count + 1 },
    commands: { count: (count) => count },
  });
  const engine = await openLedgers({}, { store, aggregates: [Counted] });
  expect((await engine.execute(Counted, 'a', 'count', undefined)).reply).toBe(25);
  await engine.close();
  const again = await openLedgers({ snapshotEvery: 10, weight: 2 }, { store });
  expect(await again.query(Ledger, 'a', ({ sum }) => sum)).toBe(2 * 325);
});

test('an aggregate whose state cannot be saved is read from the log, with a notice that says why', async () => {
  const store = tempStore();
  const options = { store, threads: 0 };
  const engine = await openLedgers({ snapshotEvery: 2 }, options);
  const notices = snapshotNotices(engine);
  for (const n of oneTo(12)) await step(engine, 'a', n, 'odd');
  const truth = await look(engine, 'a');
  // Three times, and not each time.
  expect(notices).toHaveLength(3);
  expect(notices[0]).toMatchObject({ aggregateId: 'a', error: { code: 'MILLRACE_INVALID_STATE' } });
  await engine.close();
  expect(snapshotsIn(store)).toEqual([]);
  const again = await openLedgers({ snapshotEvery: 2 }, options);
  expect(await look(again, 'a')).toEqual(truth);
  // What can be saved again is saved again.
  await step(again, 'a', 1, 'even');
  await step(again, 'a');
  await step(again, 'a');
  await again.close();
  expect(snapshotsIn(store)).toEqual([[1, 1]]);
});

test('events that are of no state count for a snapshot as well', async () => {
  const store = tempStore();
  const engine = await openLedgers({ snapshotEvery: 10 }, { store });
  await engine.publishMany(oneTo(30).map(() => Remarked({ ledger: 'a' })));
  expect(await look(engine, 'a')).toMatchObject([30, expect.any(String)]);
  await engine.close();
  expect(versionsIn(store)).toEqual({ 1: 30 });
});

test.each([
  ['version', 0],
  ['version', 1.5],
  ['version', '2'],
  ['version', 2 ** 31],
  ['snapshotEvery', 0],
  ['snapshotEvery', -1],
  ['snapshotEvery', Number.NaN],
  ['snapshotEvery', 2 ** 31],
  ['snapshotEvery', null],
])('a definition whose %s is %s is refused', (option, value) => {
  const define = () =>
    defineAggregate('a', {
      ...{ events: [Stepped], initial: () => 0, evolve: () => 0, commands: {} },
      ...{ [option]: value },
    });
  expect(define).toThrow(expect.objectContaining({ code: 'MILLRACE_INVALID_DEFINITION' }));
  expect(define).toThrow(`${option} is`);
});

test('a state that is too large is in no snapshot, and one that is small again is', async () => {
  const store = tempStore();
  const Text = defineAggregate('text', {
    ...{ snapshotEvery: 1, events: [Stepped], initial: () => '' },
    evolve: (_text: string, { data }) => 'x'.repeat(data.n),
    commands: { set: (_text, n: number, ctx) => ctx.emit(Stepped({ ledger: ctx.aggregateId, n, how: '' })) },
  });
  const engine = await openLedgers({}, { store, aggregates: [Text] });
  const notices = snapshotNotices(engine);
  await engine.execute(Text, 'a', 'set', 5);
  await engine.execute(Text, 'a', 'set', 1024 * 1024);
  expect(versionsIn(store)).toEqual({ 1: 1 });
  expect(notices).toMatchObject([{ aggregate: 'text', error: { code: 'MILLRACE_STATE_TOO_LARGE' } }]);
  await engine.execute(Text, 'a', 'set', 1024 * 1024 - 10);
  expect(versionsIn(store)).toEqual({ 1: 3 });
});

test('an engine of another number of threads goes on from snapshots', async () => {
  const store = tempStore();
  const engine = await openLedgers({ snapshotEvery: 4 }, { store, threads: 2 });
  for (const n of oneTo(10)) await step(engine, 'a', n, ['same', 'freezeSame', 'poke'][n % 3]);
  const truth = await look(engine, 'a');
  for (const threads of [1, 3]) {
    await engine.setThreads(threads);
    expect(await look(engine, 'a')).toEqual(truth);
  }
});
