import { defineHandlers, defineState, type Engine, type EngineOptions } from 'millrace';
import { openStoreReader, verifyStore } from 'millrace/store';
import { createTestEngine, MemoryStore } from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import { checkOptions } from '../../../dist/src/engine/check-options.js';
import { openIn, realWorld } from '../../../dist/src/engine/open.js';
import { SqliteStore } from '../../../dist/src/store/sqlite-store.js';
import { Crossed, Doubled, Seen, STATE_EVENTS, Stepped, Sum, Told } from '../../handlers/state-events.mjs';
import { collect } from '../../support/collect.js';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

const STATEFUL = { events: STATE_EVENTS, handlers: [handlers('stateful')] };

/** The sums that the handlers told of a key, in order. */
async function sumsOf(engine: Engine, key = 'a'): Promise<number[]> {
  const told = await collect(engine, { aggregateId: `told-${key}` });
  return told.map(({ data }) => (data as { sum: number }).sum);
}

/** A stored state of each key, by its definition's name. */
function storedIn(path: string): Record<string, unknown> {
  using reader = openStoreReader(path);
  return Object.fromEntries([...reader.states()].map(({ key, name, value }) => [`${key} ${name}`, value]));
}

const step = (n: number, what?: string, key = 'a') =>
  Stepped({ key, n, ...(what !== undefined && { do: what }) });

/** Inline and on threads, in memory and in a file. */
const ENGINES = [
  { threads: 0, durability: 'disk' },
  { threads: 2, durability: 'memory' },
] as const;

describe.each(ENGINES)('a handler with a state, $threads threads, $durability', ({ threads, durability }) => {
  const open = () => openTestEngine({ ...STATEFUL, ...storeFor(durability), threads });

  test('is given the state that the event before has left, whichever lane that ran on', async () => {
    const engine = await open();
    for (let n = 1; n <= 20; n++) await engine.publish(step(n), { until: 'handled' });
    expect(await sumsOf(engine)).toEqual(Array.from({ length: 20 }, (_, n) => ((n + 1) * (n + 2)) / 2));
    // No lane was without a state that it needed: that would be a failure, which a retry makes good.
    expect(engine.stats().failed).toBe(0);
  });

  test('sees the state of before on its second try, and keeps nothing of a try that failed', async () => {
    const engine = await open();
    const whats = ['fail-once', 'fail-late-once', 'fail', 'fail-late', 'fail-second', undefined];
    await engine.publishMany(whats.map((what, index) => step(10 ** index, what)));
    await engine.drain();
    expect(await sumsOf(engine)).toEqual([1, 11, 100011]);
  });

  test('shares it with the handlers of another event type', async () => {
    const engine = await open();
    await engine.publishMany([step(3), Doubled({ key: 'a' }), step(1), Doubled({ key: 'b' })]);
    await engine.drain();
    expect(await sumsOf(engine)).toEqual([3, 7]);
  });

  test.each([
    ['bad', 'MILLRACE_INVALID_STATE', /State 'sum' of key 'a', field 'sum'/],
    [
      'off-schema',
      'MILLRACE_INVALID_STATE',
      /State 'sum' of key 'a', field 'sum', does not match its schema/,
    ],
    ['large', 'MILLRACE_STATE_TOO_LARGE', /takes \d+ bytes, the limit is 1048576/],
  ])('that makes it %s has failed with %s, and the key goes on from the state of before', async (what, code, message) => {
    const engine = await open();
    await engine.publishMany([step(1), step(2, what), step(4)]);
    await engine.drain();
    expect(await sumsOf(engine)).toEqual([1, 5]);
    const [letter] = await engine.deadLetters.list();
    expect(letter?.error).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test('keeps it when its lanes go and others come', async () => {
    const engine = await open();
    const sums: number[] = [];
    for (const [index, count] of [2, 0, 1, 3].entries()) {
      await engine.publishMany([step(1), step(1, undefined, 'b')]);
      await engine.setThreads(count);
      sums.push(index + 1);
    }
    await engine.drain();
    expect(await sumsOf(engine)).toEqual(sums);
    expect(await sumsOf(engine, 'b')).toEqual(sums);
    expect(engine.stats().failed).toBe(0);
  });
});

describe('a lane that dies', () => {
  test.each([1, 2])('of an event takes nothing of the state with it, %i threads', async (threads) => {
    const engine = await openTestEngine({ ...STATEFUL, threads, concurrency: 4 });
    await engine.publishMany([1, 2, 3].map((n) => step(n)));
    await engine.publishMany([step(4, 'die'), step(5), step(6, undefined, 'b')]);
    await engine.drain();
    expect(await sumsOf(engine)).toEqual([1, 3, 6, 10, 15]);
  });
});

describe('states in a store', () => {
  test('are those of the last event that was handled, and verify finds nothing wrong with them', async () => {
    const store = tempStore();
    const engine = await openTestEngine({ ...STATEFUL, store, threads: 2 });
    await engine.publishMany([step(1), step(2, 'fail'), step(4), step(8, undefined, 'b')]);
    await engine.drain();
    await engine.close();
    expect(storedIn(store)).toEqual({
      'a sum': { sum: 5, count: 2, last: [0, 1, 4] },
      'a seen': 2,
      'b sum': { sum: 8, count: 1, last: [0, 8] },
      'b seen': 1,
    });
    expect(verifyStore(store).problems).toEqual([]);
    using reader = openStoreReader(store);
    expect(reader.summary().states).toMatchObject([
      { name: 'sum', version: 1, keys: 2 },
      { name: 'seen', version: 1, keys: 2 },
    ]);
  });

  test.each(
    INLINE_AND_THREADS,
  )('are there again when the log is opened again, %i threads', async (threads) => {
    const store = tempStore();
    const options = { ...STATEFUL, store, threads };
    const first = await openTestEngine(options);
    await first.publishMany([step(1), step(2, undefined, 'b')], { until: 'handled' });
    await first.close();
    const second = await openTestEngine(options);
    await second.publish(step(4), { until: 'handled' });
    await second.close();
    const third = await openTestEngine(options);
    await third.publish(step(8), { until: 'handled' });
    expect(await sumsOf(third)).toEqual([1, 5, 13]);
  });

  test.each(
    INLINE_AND_THREADS,
  )('are as the handled events have left them after recover(), %i threads', async (threads) => {
    const healed = new Int32Array(new SharedArrayBuffer(4));
    const engine = await openTestEngine({
      events: STATE_EVENTS,
      handlers: [handlers('stateful'), handlers('stopping-state')],
      store: tempStore(),
      durability: 'os',
      shared: { healed },
      threads,
    });
    await engine.publishMany([step(1), step(2), step(4, 'stop'), step(8), step(16, undefined, 'b')]);
    await expect(engine.drain()).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
    healed[0] = 1;
    await engine.recover();
    await engine.recovered;
    await engine.publish(step(32), { until: 'handled' });
    expect(await sumsOf(engine)).toEqual([1, 3, 7, 15, 47]);
    expect(await sumsOf(engine, 'b')).toEqual([16]);
  });

  test('a log without states has no tables for them', async () => {
    const store = tempStore();
    const engine = await openTestEngine({ events: STATE_EVENTS, store });
    await engine.publish(step(1));
    await engine.close();
    using reader = openStoreReader(store);
    expect([...reader.states()]).toEqual([]);
    expect(reader.summary().states).toEqual([]);
  });
});

describe('keys that are cold', () => {
  test.each(ENGINES)('are forgotten and read again, $threads threads, $durability', async ({
    threads,
    durability,
  }) => {
    const options = checkOptions({ ...STATEFUL, ...storeFor(durability), threads });
    // Room for no key at all: only what is in flight or not saved yet is kept.
    const engine = (await openIn(options, {
      ...realWorld(options),
      maxStateBytes: 1,
    })) as unknown as Engine;
    try {
      const keys = Array.from({ length: 60 }, (_, index) => `k${index}`);
      for (let round = 0; round < 4; round++) {
        await engine.publishMany(keys.map((key) => step(1, undefined, key)));
        await engine.drain();
      }
      for (const key of keys) expect(await sumsOf(engine, key)).toEqual([1, 2, 3, 4]);
      expect(engine.stats().failed).toBe(0);
    } finally {
      await engine.close();
    }
  });
});

describe('a log in memory', () => {
  test('keeps the states of all keys up to a limit, beyond which an event fails and its key goes on', async () => {
    const room = 20 * (200 + 40);
    const handled = { events: STATE_EVENTS, handlers: [handlers('stateful')] };
    const engine = await createTestEngine({ ...handled, store: new MemoryStore('run', undefined, room) });
    // Of each key two states of a few bytes.
    for (let key = 0; key < 30; key++) await engine.publish(step(1, undefined, `k${key}`));
    await engine.drain();
    const letters = await engine.deadLetters.list();
    expect(letters.length).toBeGreaterThan(15);
    expect(letters[0]?.error).toMatchObject({
      code: 'MILLRACE_STATE_TOO_LARGE',
      message: expect.stringMatching(/states of all keys would take more than 4800 bytes.*with a store/),
    });
    // Those that are there may change, and what is refused has left nothing behind.
    await engine.publishMany([step(2, undefined, 'k0'), step(2, undefined, 'k29')]);
    await engine.drain();
    expect(await sumsOf(engine, 'k0')).toEqual([1, 3]);
    expect(await sumsOf(engine, 'k29')).toEqual([]);
    await engine.close();
  });
});

describe('states of nearly a megabyte', () => {
  test.each(INLINE_AND_THREADS)('come to the lanes a few at a time, %i threads', async (threads) => {
    const options = {
      events: STATE_EVENTS,
      handlers: [handlers('large-state')],
      store: tempStore(),
      threads,
    };
    const keys = Array.from({ length: 24 }, (_, index) => `k${index}`);
    for (let round = 1; round <= 2; round++) {
      // More than one batch may bring: a new engine's lanes have none of them.
      const engine = await openTestEngine({ ...options, durability: 'os' });
      await engine.publishMany(keys.map((key) => step(1_000_000, undefined, key)));
      await engine.drain();
      const told = await collect(engine, { types: [Told] });
      expect(told.filter(({ data }) => (data as { count: number }).count === round)).toHaveLength(24);
      expect(engine.stats().failed).toBe(0);
      await engine.close();
    }
  });
});

describe('an event that only the main thread refuses', () => {
  test.each(INLINE_AND_THREADS)('takes its state with it, %i threads', async (threads) => {
    const engine = await openTestEngine({
      events: [...STATE_EVENTS, Crossed],
      handlers: [handlers('crossing')],
      threads,
      deterministic: true,
      seed: 's',
    });
    const at = (n: number) => ({ occurredAt: n });
    // The aggregate is of the first key: the second one's event is refused where its aggregate is known.
    await engine.publish(Stepped({ key: 'a', n: 0, do: 'x' }, at(1)), { until: 'handled' });
    const whats = [undefined, 'x', undefined, undefined];
    await engine.publishMany(
      whats.map((what, n) => Stepped({ key: 'b', n, ...(what !== undefined && { do: what }) }, at(2 + n))),
    );
    await engine.drain();
    expect(engine.stats().failed).toBe(1);
    const crossed = await collect(engine, { types: [Crossed] });
    expect(crossed.map(({ data }) => data)).toEqual([
      { id: 'x', key: 'a', seen: 1 },
      ...[1, 2, 3, 4].map((seen) => ({ id: 'b', key: 'b', seen })),
    ]);
  });
});

describe('in deterministic mode', () => {
  const acts = (engine: Engine) =>
    engine.publishMany(
      Array.from({ length: 90 }, (_, index) =>
        step(index, index % 13 === 5 ? 'fail-once' : undefined, `k${index % 5}`),
      ).map((event, index) => ({ ...event, options: { occurredAt: 1_700_000_000_000 + index } })),
    );

  test('logs and states are the same for any number of threads', async () => {
    const prints: string[] = [];
    for (const threads of [0, 1, 2]) {
      const options: EngineOptions = {
        ...STATEFUL,
        threads,
        deterministic: true,
        seed: 's',
        dispatch: 'accepted',
      };
      const engine = await openTestEngine(options);
      await acts(engine);
      prints.push(await engine.fingerprint());
      for (let key = 0; key < 5; key++) expect((await sumsOf(engine, `k${key}`)).length).toBe(18);
    }
    expect(new Set(prints).size).toBe(1);
  });
});

test('states count in the fingerprint, which a log without any has as ever', async () => {
  const printOf = async (step: number, store?: string) => {
    const counting = defineHandlers('counting', (on) =>
      on(Stepped, { state: Seen }, (_event, seen) => seen + step),
    );
    const engine = await createTestEngine({
      events: STATE_EVENTS,
      handlers: step === 0 ? [] : [counting],
      ...(store !== undefined && { store: new SqliteStore(store, 'NORMAL', 'test') as never }),
    });
    await engine.publish(Stepped({ key: 'a', n: 1 }));
    const print = await engine.fingerprint();
    await engine.close();
    return print;
  };
  const stored = tempStore();
  const prints = [await printOf(0), await printOf(1), await printOf(2), await printOf(2, stored)];
  expect(new Set(prints).size).toBe(3);
  expect(prints[3]).toBe(prints[2]);
  using reader = openStoreReader(stored);
  expect(reader.fingerprint()).toBe(prints[2]);
});

describe('definitions', () => {
  test.each<[object, RegExp]>([
    [{ initial: () => 0 }, /needs a name/],
    [{ name: '', initial: () => 0 }, /needs a name/],
    [{ name: 'a\nb', initial: () => 0 }, /no control characters/],
    [{ name: 'n'.repeat(101), initial: () => 0 }, /1 to 100/],
    [{ name: 'a' }, /initial must be a function/],
    [{ name: 'a', initial: 0 }, /initial must be a function/],
    [{ name: 'a', initial: () => 0, version: 0 }, /version is 0/],
    [{ name: 'a', initial: () => 0, schema: {} }, /schema must be/],
    [{ name: 'a', initial: () => 0, snapshotEvery: 3 }, /snapshotEvery/],
  ])('%o is refused', (options, message) => {
    expect(() => defineState(options as never)).toThrow(
      expect.objectContaining({
        code: 'MILLRACE_INVALID_DEFINITION',
        message: expect.stringMatching(message),
      }),
    );
  });

  test('a state that was not made by defineState is refused, and so is a handler in the wrong place', () => {
    const define = (second: unknown, third: unknown) => () =>
      defineHandlers('odd', (on) => (on as (...given: unknown[]) => void)(Stepped, second, third));
    const refused = expect.objectContaining({ code: 'MILLRACE_INVALID_DEFINITION' });
    expect(define({ state: { name: 'sum' } }, () => {})).toThrow(refused);
    expect(define({ retries: 1 }, () => {})).toThrow(refused);
    expect(define(() => {}, { state: Sum })).toThrow(refused);
    expect(define({ state: Sum }, undefined)).toThrow(refused);
  });

  test('two states of one name are refused when the engine is opened', async () => {
    const Other = defineState({ name: 'sum', initial: () => 0 });
    const modules = [
      defineHandlers('one', (on) => on(Stepped, { state: Sum }, () => {})),
      defineHandlers('two', (on) => on(Doubled, { state: Other }, () => {})),
    ];
    await expect(createTestEngine({ events: STATE_EVENTS, handlers: modules })).rejects.toMatchObject({
      code: 'MILLRACE_INVALID_DEFINITION',
      message: expect.stringMatching(/'two' use a state named 'sum'/),
    });
  });

  test('a state that is shared with a handler of other events from before is refused', async () => {
    const modules = [
      defineHandlers('one', (on) => on(Stepped, { state: Sum }, () => {})),
      defineHandlers('two', (on) => on(Doubled, { state: Sum, from: 'start' }, () => {})),
    ];
    await expect(createTestEngine({ events: STATE_EVENTS, handlers: modules })).rejects.toMatchObject({
      code: 'MILLRACE_INVALID_DEFINITION',
      message: expect.stringMatching(/different 'from'/),
    });
  });
});
