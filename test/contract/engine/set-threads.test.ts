import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Held, Noted, Stepped } from '../../handlers/events.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { Gate } from '../../support/gate.js';
import { liveThreads } from '../../support/live-threads.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';
import { endangered, expectUnharmed, openPerilous } from '../../support/peril.js';
import { checkProperty } from '../../support/property.js';
import { type Step, WalkLog } from '../../support/walk.js';

const INVALID = { code: 'MILLRACE_INVALID_OPTION' };

interface Planned {
  readonly key: number;
  readonly pace: 'sync' | 'spin' | 'microtask' | 'immediate';
  readonly failures: number;
  readonly emits: number;
}

const steps = fc.array(
  fc.record<Planned>(
    {
      key: fc.integer({ min: 0, max: 5 }),
      pace: fc.constantFrom('sync', 'spin', 'microtask', 'immediate'),
      failures: fc.constantFrom(0, 0, 0, 0, 0, 1, 2),
      emits: fc.constantFrom(0, 0, 0, 1),
    },
    { noNullPrototype: true },
  ),
  { minLength: 20, maxLength: 60, size: 'max' },
);

describe.each([
  { concurrency: 1, dispatch: 'accepted' },
  { concurrency: 4, dispatch: 'durable' },
] as const)('threads that come and go, concurrency $concurrency, dispatch $dispatch', (settings) => {
  test('while events flow: one key at a time and in order, nothing lost and nothing twice', async () => {
    const log = new WalkLog();
    const engine = await openTestEngine({
      ...settings,
      maxInFlight: 300,
      handlers: [handlers('walk')],
      shared: log.shared,
    });
    let walks = 0;
    const walk = async (plan: readonly Planned[], counts: readonly number[]) => {
      const run = walks++;
      const from = engine.stats().lastPosition;
      log.clear();
      const published: Step[] = [];
      let resized = false;
      // A rejection is seen below, when everything is published.
      const resizing = (async () => {
        for (const threads of counts) {
          await engine.setThreads(threads);
          expect(engine.stats().threads).toBe(threads);
          expect(liveThreads()).toHaveLength(threads);
        }
      })().finally(() => {
        resized = true;
      });
      resizing.catch(() => {});
      // For as long as it takes, and once more with the last number of threads.
      for (let last = false; !last; ) {
        last = resized;
        const events = plan.map(({ key, ...planned }, at) =>
          Stepped({ ...planned, key, step: published.length + at, walk: `walk-${run}-${key}` }),
        );
        published.push(...events.map(({ data }) => data));
        await engine.publishMany(events, { until: 'accepted' });
      }
      await resizing;
      await engine.drain();
      await log.check(engine, published, from);
    };
    await walk(
      oneTo(40).map((at) => ({ key: at % 5, pace: 'spin', failures: 0, emits: 0 })),
      [1, 4, 2, 0],
    );
    const counts = fc.array(fc.constantFrom(0, 1, 2, 4), { minLength: 1, maxLength: 4 });
    await checkProperty(fc.asyncProperty(steps, counts, walk), { runs: 3, shrink: false });
  });
});

describe('setThreads', () => {
  test.each([
    0, 2,
  ])('lets what has begun come to its end, and needs no more for it: from %i', async (threads) => {
    const gate = new Gate();
    const engine = await openTestEngine({
      threads,
      concurrency: 2,
      handlers: [handlers('gate')],
      shared: gate.shared,
    });
    engine.offer(Held({ gate: 'a' }));
    engine.offer(Held({ gate: 'a' }));
    await gate.reached(1);
    let resized = false;
    const resizing = engine.setThreads(1 - Math.min(1, threads)).then(() => {
      resized = true;
    });
    await engine.publish(Noted({ note: 'meanwhile' }), { until: 'handled' });
    expect(resized).toBe(false);
    gate.open();
    await resizing;
    await engine.drain();
    expect(engine.stats()).toMatchObject({ handled: 3, inFlight: 0 });
  });

  test('several times at once comes to the last number, and ends every other thread', async () => {
    const engine = await openTestEngine({ threads: 1, handlers: [handlers('account')] });
    await Promise.all([3, 0, 4, 1, 2].map((threads) => engine.setThreads(threads)));
    expect(engine.stats().threads).toBe(2);
    expect(liveThreads()).toHaveLength(2);
    await engine.setThreads(2);
    expect(liveThreads()).toHaveLength(2);
    await engine.setThreads(0);
    expect(liveThreads()).toEqual([]);
    expect(engine.health()).toMatchObject({ status: 'HEALTHY' });
  });

  test('while lanes die: nobody is harmed, and the number is right in the end', async () => {
    const { engine } = await openPerilous({ threads: 3 });
    const publishing = engine.publishMany(endangered(['exit', 'uncaught'], 1));
    await engine.setThreads(1);
    await publishing;
    await engine.setThreads(2);
    await engine.drain();
    const all = [
      [1, 1],
      [2, 2],
      [3, 1],
    ];
    expect(await expectUnharmed(engine)).toEqual({ exit: all, uncaught: all });
    expect(engine.stats()).toMatchObject({ threads: 2, inFlight: 0, parkedKeys: 0 });
    // A thread that was given up may take a moment to end.
    while (liveThreads().length > 2) await new Promise((resolve) => setImmediate(resolve));
    expect(liveThreads()).toHaveLength(2);
  });

  test.each([-1, 1.5, 257, Number.NaN, '2' as never])('refuses %s, and changes nothing', async (threads) => {
    const engine = await openTestEngine({ handlers: [handlers('account')] });
    await expect(engine.setThreads(threads)).rejects.toMatchObject(INVALID);
    expect(engine.stats()).toMatchObject({ state: 'open', threads: 0 });
  });

  test('is refused after close, and a close under it leaves nothing behind', async () => {
    const engine = await openTestEngine({ handlers: [handlers('account')] });
    const resizing = Promise.allSettled([engine.setThreads(3), engine.setThreads(1)]);
    await engine.close();
    await resizing;
    expect(liveThreads()).toEqual([]);
    await expect(engine.setThreads(1)).rejects.toMatchObject({ code: 'MILLRACE_CLOSED' });
    expect(await collect(engine).catch(({ code }) => code)).toBe('MILLRACE_CLOSED');
  });
});
