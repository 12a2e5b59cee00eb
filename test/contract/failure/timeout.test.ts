import { describe, expect, test } from 'vitest';
import { Endangered } from '../../handlers/events.mjs';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { liveThreads } from '../../support/live-threads.js';
import { endangered, expectUnharmed, openPerilous, survivors } from '../../support/peril.js';

const TIMED_OUT = { code: 'MILLRACE_HANDLER_TIMEOUT' };
/** Neighbours are done long before, even on a machine that is busy with something else. */
const TIMEOUT_MS = 300;
/** For events that are alone. */
const SHORT_MS = 50;

const SETTINGS = [
  { threads: 1, concurrency: 1 },
  { threads: 2, concurrency: 4 },
];

describe.each(
  SETTINGS,
)('a handler beyond its time: $threads threads, concurrency $concurrency', (settings) => {
  test('that does not let go: its thread is replaced, and nobody else is harmed', async () => {
    const { engine, told } = await openPerilous({ ...settings, timeoutMs: TIMEOUT_MS });
    await engine.publishMany(endangered(['loop', 'hang'], 1));
    await engine.drain();
    const all = [
      [1, 1],
      [2, 2],
      [3, 1],
    ];
    expect(await expectUnharmed(engine)).toEqual({ loop: all, hang: all });
    expect(told('lane-replaced').length).toBeGreaterThanOrEqual(2);
    expect(told('lane-replaced')[0]).toMatchObject({ error: TIMED_OUT });
    expect(engine.stats()).toMatchObject({
      state: 'open',
      failed: 2,
      retried: 2,
      parkedKeys: 0,
      inFlight: 0,
    });
    await engine.close();
    expect(liveThreads()).toEqual([]);
  });

  test('each time: it becomes a dead letter', async () => {
    const { engine, told } = await openPerilous({ ...settings, timeoutMs: SHORT_MS });
    const [held, letter] = await Promise.allSettled(
      ['loop', 'hang'].map((peril) =>
        engine.publish(Endangered({ id: peril, number: 1, peril: peril as 'loop' }), { until: 'handled' }),
      ),
    );
    const failed = { status: 'rejected', reason: { code: 'MILLRACE_HANDLER_FAILED', cause: TIMED_OUT } };
    expect([held, letter]).toMatchObject([failed, failed]);
    expect(await engine.deadLetters.list()).toMatchObject(
      ['loop', 'hang'].map((key) => ({
        key,
        state: 'parked',
        attempts: 2,
        handler: 'peril',
        error: TIMED_OUT,
      })),
    );
    expect(told('dead-letter')).toHaveLength(2);
  });

  test('that looks at its signal: it fails, and its thread lives on', async () => {
    const { engine, told } = await openPerilous({ ...settings, timeoutMs: TIMEOUT_MS });
    await engine.publishMany(endangered(['polite', 'listening'], 1));
    await engine.drain();
    const all = [
      [1, 1],
      [2, 2],
      [3, 1],
    ];
    expect(await expectUnharmed(engine)).toEqual({ polite: all, listening: all });
    expect(told('lane-replaced')).toEqual([]);
    expect(engine.stats()).toMatchObject({ failed: 2, retried: 2, inFlight: 0 });
  });

  test('that ends late, but before its thread is ended: it has succeeded', async () => {
    const { engine, told } = await openPerilous({ ...settings, timeoutMs: SHORT_MS });
    await engine.publishMany([
      Endangered({ id: 'late', number: 1, peril: 'late' }),
      Endangered({ id: 'lateAsync', number: 1, peril: 'lateAsync' }),
    ]);
    await engine.drain();
    expect(Object.fromEntries(await survivors(engine))).toEqual({ late: [[1, 1]], lateAsync: [[1, 1]] });
    expect(told('lane-replaced')).toEqual([]);
    expect(engine.stats().failed).toBe(0);
  });
});

describe('who is to blame', () => {
  test.each([
    'loop',
    'loopLater',
  ] as const)('for a thread that is held up by %s: not the others that come late because of it', async (peril) => {
    const { engine, told } = await openPerilous({ threads: 1, concurrency: 4, timeoutMs: TIMEOUT_MS });
    await engine.publishMany([
      Endangered({ id: 'a', number: 1, peril: 'slow' }),
      Endangered({ id: 'b', number: 1, peril: 'slow' }),
      Endangered({ id: 'bad', number: 1, peril }),
      Endangered({ id: 'c', number: 1, peril: 'slow' }),
    ]);
    await engine.drain();
    expect(Object.fromEntries(await survivors(engine))).toEqual({ a: [[1, 1]], b: [[1, 1]], c: [[1, 1]] });
    expect(told('dead-letter')).toMatchObject([{ key: 'bad', attempts: 2, error: { cause: TIMED_OUT } }]);
  });

  test('for one that hangs while the thread is free: that one alone, at once', async () => {
    const { engine, told } = await openPerilous({ threads: 1, concurrency: 4, timeoutMs: TIMEOUT_MS });
    await engine.publishMany([
      Endangered({ id: 'bad', number: 1, peril: 'hang' }),
      ...['a', 'b', 'c'].map((id) => Endangered({ id, number: 1, peril: 'slow' })),
    ]);
    await engine.drain();
    expect(Object.fromEntries(await survivors(engine))).toEqual({ a: [[1, 1]], b: [[1, 1]], c: [[1, 1]] });
    expect(told('dead-letter')).toMatchObject([{ key: 'bad', attempts: 2 }]);
    expect(told('lane-replaced')).toHaveLength(2);
  });
});

describe.each(INLINE_AND_THREADS)('a signal: %i threads', (threads) => {
  test('never aborts without timeoutMs', async () => {
    const { engine } = await openPerilous({ threads, timeoutMs: 0 });
    await engine.publish(Endangered({ id: 'a', number: 1, peril: 'unlimited' }), { until: 'handled' });
    expect(engine.stats().failed).toBe(0);
  });

  test('carries what went wrong, whether it is looked at or listened to', async () => {
    const { engine, told } = await openPerilous({ threads, timeoutMs: SHORT_MS });
    await engine.publishMany([
      Endangered({ id: 'polite', number: 1, peril: 'polite' }),
      Endangered({ id: 'listening', number: 1, peril: 'listening' }),
      Endangered({ id: 'good', number: 1 }),
    ]);
    await engine.drain();
    expect(await engine.deadLetters.list()).toMatchObject(
      ['polite', 'listening'].map((key) => ({ key, attempts: 2, handler: 'peril', error: TIMED_OUT })),
    );
    expect([...(await survivors(engine)).keys()]).toEqual(['good']);
    expect(told('lane-replaced')).toEqual([]);
  });
});

test('on the main thread nobody is ended: an event beyond its time stays the only one that waits', async () => {
  const { engine, told } = await openPerilous({ threads: 0, concurrency: 2, timeoutMs: SHORT_MS });
  await engine.publishMany([
    Endangered({ id: 'lateAsync', number: 1, peril: 'lateAsync' }),
    Endangered({ id: 'late', number: 1, peril: 'late' }),
    Endangered({ id: 'good', number: 1 }),
  ]);
  await engine.drain();
  expect([...(await survivors(engine)).keys()].sort()).toEqual(['good', 'late', 'lateAsync']);
  expect(told('lane-replaced')).toEqual([]);
});
