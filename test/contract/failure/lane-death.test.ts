import { describe, expect, test } from 'vitest';
import { Endangered } from '../../handlers/events.mjs';
import { liveThreads } from '../../support/live-threads.js';
import { endangered, expectUnharmed, openPerilous, survivors } from '../../support/peril.js';
import { tempStore } from '../../support/temp-folder.js';

const ONE = { threads: 1, concurrency: 1 };
const ONE_WIDE = { threads: 1, concurrency: 4 };
const TWO = { threads: 2, concurrency: 1 };
const TWO_WIDE = { threads: 2, concurrency: 4 };

const CRASHED = { code: 'MILLRACE_LANE_CRASHED' };
const DEADLY = ['exit', 'uncaught', 'rejection'] as const;

/** Little enough that a hoarding handler is at its end soon. */
const LITTLE_MEMORY = { resourceLimits: { maxOldGenerationSizeMb: 32 } };

describe('a lane thread that dies of an event', () => {
  test.each([
    ONE,
    TWO_WIDE,
  ])('each time, $threads threads, concurrency $concurrency: the event becomes a dead letter', async (settings) => {
    const { engine, told } = await openPerilous({ ...settings, ...LITTLE_MEMORY });
    const perils = [...DEADLY, 'memory'] as const;
    await engine.publishMany(endangered(perils));
    await engine.drain();
    const before = [[1, 1]];
    expect(await expectUnharmed(engine)).toEqual(Object.fromEntries(perils.map((peril) => [peril, before])));
    const letter = { state: 'parked', attempts: 2, handler: 'peril', version: 2, error: CRASHED };
    const letters = await engine.deadLetters.list();
    expect(letters).toMatchObject(perils.map((key) => ({ ...letter, key })));
    expect(told('dead-letter')).toHaveLength(perils.length);
    expect(told('lane-replaced').length).toBeGreaterThanOrEqual(2 * perils.length);
    expect(told('lane-replaced')[0]).toMatchObject({ error: CRASHED });
    expect(engine.stats()).toMatchObject({
      state: 'open',
      failed: 8,
      retried: 4,
      parkedKeys: 4,
      inFlight: 0,
    });
    await engine.close();
    expect(liveThreads()).toEqual([]);
  });

  test.each([
    ONE_WIDE,
    TWO,
  ])('once, $threads threads, concurrency $concurrency: the second try succeeds', async (settings) => {
    const { engine, told } = await openPerilous(settings);
    await engine.publishMany(endangered(DEADLY, 1));
    await engine.drain();
    const all = [
      [1, 1],
      [2, 2],
      [3, 1],
    ];
    expect(await expectUnharmed(engine)).toEqual(Object.fromEntries(DEADLY.map((peril) => [peril, all])));
    expect(told('dead-letter')).toEqual([]);
    expect(engine.stats()).toMatchObject({ failed: 3, retried: 3, parkedKeys: 0, inFlight: 0 });
  });

  test.each([
    ONE,
    TWO_WIDE,
  ])('that is finished, $threads threads, concurrency $concurrency: nobody is to blame', async (settings) => {
    const { engine, told } = await openPerilous(settings);
    await engine.publishMany(endangered(['afterwards']));
    await engine.drain();
    // The timer fires when the thread has time; whoever is sent to a thread that is gone finds out.
    while (told('lane-replaced').length === 0) {
      await engine.publish(Endangered({ id: 'later', number: 0 }), { until: 'handled' });
    }
    expect(await expectUnharmed(engine)).toMatchObject({
      afterwards: [
        [1, 1],
        [2, 1],
        [3, 1],
      ],
    });
    expect(engine.stats()).toMatchObject({ state: 'open', failed: 0, inFlight: 0 });
  });
});

describe('who is to blame', () => {
  test('of several that were under way: each is run alone, and only the one it was is a dead letter', async () => {
    const { engine, told } = await openPerilous({ threads: 1, concurrency: 4 });
    await engine.publishMany([
      Endangered({ id: 'a', number: 1, peril: 'slow' }),
      Endangered({ id: 'bad', number: 1, peril: 'uncaught' }),
      Endangered({ id: 'b', number: 1, peril: 'slow' }),
      Endangered({ id: 'c', number: 1, peril: 'slow' }),
      ...['a', 'bad', 'b', 'c'].map((id) => Endangered({ id, number: 2 })),
    ]);
    await engine.drain();
    const innocent = [
      [1, 1],
      [2, 1],
    ];
    expect(Object.fromEntries(await survivors(engine))).toEqual({ a: innocent, b: innocent, c: innocent });
    expect(told('dead-letter')).toMatchObject([{ key: 'bad', attempts: 2 }]);
  });

  test('of two poisonous ones under way: both, each for itself', async () => {
    const { engine, told } = await openPerilous({ threads: 1, concurrency: 4 });
    await engine.publishMany([
      Endangered({ id: 'a', number: 1, peril: 'uncaught' }),
      Endangered({ id: 'b', number: 1, peril: 'slow' }),
      Endangered({ id: 'c', number: 1, peril: 'uncaught' }),
      Endangered({ id: 'd', number: 1, peril: 'slow' }),
    ]);
    await engine.drain();
    expect([...(await survivors(engine)).keys()].sort()).toEqual(['b', 'd']);
    expect(told('dead-letter')).toHaveLength(2);
    expect((await engine.deadLetters.list()).map(({ key, attempts }) => [key, attempts])).toEqual([
      ['a', 2],
      ['c', 2],
    ]);
  });

  test('not an event that only waited when a finished one took the thread with it', async () => {
    const { engine, told } = await openPerilous({ threads: 1, concurrency: 1 });
    await engine.publishMany([
      Endangered({ id: 'gone', number: 1, peril: 'afterwards' }),
      Endangered({ id: 'waits', number: 1, peril: 'slow' }),
    ]);
    await engine.drain();
    expect(Object.fromEntries(await survivors(engine))).toEqual({ gone: [[1, 1]], waits: [[1, 1]] });
    // The batch had no answer yet, so 'gone' runs again, and its timer takes the next thread as well: before or
    // after this line.
    expect(told('lane-replaced').length).toBeGreaterThanOrEqual(1);
    expect(engine.stats().failed).toBe(0);
  });
});

test.each([1, 2])('what a dead lane emitted is stored once, also in a file: %i threads', async (threads) => {
  const store = tempStore();
  const { engine } = await openPerilous({ threads, store, durability: 'os' });
  await engine.publishMany(endangered(['exit']));
  await engine.drain();
  await engine.close();
  expect(liveThreads()).toEqual([]);
  const { engine: reopened } = await openPerilous({ threads, store, durability: 'os' });
  await reopened.drain();
  expect(await expectUnharmed(reopened)).toEqual({ exit: [[1, 1]] });
  expect(reopened.stats()).toMatchObject({ handled: 0, parkedKeys: 1 });
  expect(await reopened.deadLetters.list()).toMatchObject([{ key: 'exit', attempts: 2, error: CRASHED }]);
});
