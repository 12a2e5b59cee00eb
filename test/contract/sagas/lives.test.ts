import { type Engine, openEngine } from 'millrace';
import { verifyStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { Added, Asked, Box } from '../../handlers/saga-box.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { handlers, storeFor } from '../../support/open-test-engine.js';
import { asked, boxesOf, heardIn, openSaga, SAGA } from '../../support/sagas.js';

/** Publishes events whose handlers fill boxes of their own keys and others of these, in an order that is the same each time. */
async function asksIn(engine: Engine, count: number): Promise<void> {
  const all = oneTo(count).map((n) => {
    const key = `k${n % 5}`;
    const next = n % 3 === 0 ? [{ to: `${key}-next`, n: 1000 + n, next: [{ to: `${key}-last`, n }] }] : [];
    const sends = [
      { to: key, n, next },
      { to: `${key}-more`, n, what: n % 4 === 0 ? ('late' as const) : ('add' as const) },
      ...(n % 7 === 0 ? [{ to: key, what: 'refuse' as const }] : []),
      ...(n % 11 === 0 ? [{ to: key, what: 'none' as const }] : []),
    ];
    const end = n % 13 === 0 ? ('throw-once' as const) : n % 6 === 0 ? ('slow' as const) : 'ok';
    return { ...asked(key, sends, end), options: { occurredAt: n } };
  });
  await engine.publishMany(all);
  await engine.drain();
}

describe('commands of handlers', () => {
  test('come to the same log in deterministic mode, on any number of threads and however they are dispatched', async () => {
    const logs = new Set<string>();
    for (const threads of [0, 1, 2, 4]) {
      for (const dispatch of ['accepted', 'durable'] as const) {
        const engine = await openSaga({ threads, dispatch, deterministic: true, durability: 'memory' });
        await asksIn(engine, 70);
        const boxes = await boxesOf(engine);
        expect(boxes.k1).toHaveLength(14);
        expect(engine.heldCommands()).toEqual([]);
        logs.add(await engine.fingerprint());
        await engine.close();
      }
    }
    expect(logs.size).toBe(1);
  });

  test('to an aggregate of another key are held in deterministic mode, the same on all threads', async () => {
    for (const threads of [0, 2]) {
      const engine = await openSaga({ threads, deterministic: true });
      await engine.publish({
        ...asked('k', [
          { to: 'other', n: 1 },
          { to: 'k', n: 2 },
        ]),
        options: { occurredAt: 1 },
      });
      await engine.drain();
      expect(await boxesOf(engine)).toEqual({ k: [2] });
      expect(engine.heldCommands()).toMatchObject([
        { aggregateId: 'other', attempts: 1, error: { code: 'MILLRACE_NOT_DETERMINISTIC' } },
      ]);
    }
  });

  test.each([
    4, 1000,
  ])('and of callers to one aggregate wait for no key that another one holds, %i in flight', async (maxInFlight) => {
    const engine = await openSaga({ threads: 0, deterministic: true, maxInFlight });
    const all = oneTo(40).flatMap((n): Promise<unknown>[] => [
      engine.publish({ ...asked('k', [{ to: 'k-x', n }]), options: { occurredAt: n } }),
      engine.execute(Box, 'k-x', 'add', { to: 'k-x', n: 100 + n, at: n, what: 'add', path: '', next: [] }),
    ]);
    await Promise.all(all);
    await engine.drain();
    const { 'k-x': numbers = [] } = await boxesOf(engine);
    expect(numbers.sort((a, b) => a - b)).toEqual([...oneTo(40), ...oneTo(40).map((n) => 100 + n)]);
  });

  test('come before what was published behind their event in deterministic mode', async () => {
    const engine = await openSaga({ threads: 2, deterministic: true });
    const all = [
      asked('k', [{ to: 'k', n: 1, next: [{ to: 'k', n: 2 }] }]),
      Added({ box: 'k-x', n: 3 }),
      asked('k', [{ to: 'k', n: 4 }]),
    ];
    await engine.publishMany(all.map((event, n) => ({ ...event, options: { occurredAt: n } })));
    await engine.drain();
    const events = await collect(engine, { types: [Added] });
    expect(events.map(({ data }) => (data as { n: number }).n)).toEqual([1, 2, 3, 4]);
  });
});

describe.each(INLINE_AND_THREADS)('commands of handlers, %i threads', (threads) => {
  test('are done once each through recoveries, reopenings and resizings', async () => {
    const options = { ...SAGA, threads, ...storeFor('os') };
    let engine = await openSaga(options);
    for (const round of oneTo(6)) {
      const all = oneTo(40).map((n) => asked(`k${n % 3}`, [{ to: `b${n % 5}`, n: round * 100 + n }]));
      await engine.publishMany(all);
      if (round % 3 === 0) {
        await engine.close();
        engine = await openSaga(options);
      } else if (threads > 0) await engine.setThreads(1 + (round % 3));
    }
    await engine.drain();
    const boxes = Object.values(await boxesOf(engine)).flat();
    expect(boxes.sort((a, b) => a - b)).toEqual(
      oneTo(6).flatMap((round) => oneTo(40).map((n) => round * 100 + n)),
    );
    await engine.close();
    expect(verifyStore(options.store as string).problems).toEqual([]);
  });

  test('go on when an engine that has failed recovers', async () => {
    const healed = new Int32Array(new SharedArrayBuffer(4));
    const both = [handlers('saga'), handlers('saga-stop')];
    const options = { threads, ...storeFor('os'), shared: { healed }, handlers: both };
    const engine = await openSaga(options);
    const all = oneTo(60).map((n) =>
      asked(`k${n % 3}`, [
        { to: n === 30 ? 'stop' : `a${n % 4}`, n, next: [{ to: 'all', n: 100 + n }] },
        { to: 'all', n: 200 + n },
      ]),
    );
    await engine.publishMany(all).catch(() => {});
    await expect(engine.drain()).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
    healed[0] = 1;
    await engine.recover();
    await engine.recovered;
    const { lastPosition } = engine.stats();
    expect(lastPosition).toBeGreaterThan(0);
    await engine.drain();
    const boxes = Object.values(await boxesOf(engine)).flat();
    const wanted = (await collect(engine, { types: [Asked] })).flatMap(({ data }) => {
      const [{ n = 0 } = {}] = (data as { sends: { n?: number }[] }).sends;
      return [n, 100 + n, 200 + n];
    });
    expect(boxes.sort((a, b) => a - b)).toEqual(wanted.sort((a, b) => a - b));
    expect(engine.heldCommands()).toEqual([]);
    await engine.close();
    expect(verifyStore(options.store as string).problems).toEqual([]);
  });

  test('of one event need no room in an engine that is full of what waits for them', async () => {
    const engine = await openSaga({ threads, maxInFlight: 4 });
    const all = oneTo(60).map((n) =>
      asked(
        `k${n % 3}`,
        oneTo(10).map((m) => ({ to: `b${m}`, n: n * 100 + m, next: [{ to: `c${m}`, n }] })),
      ),
    );
    await engine.publishMany(all);
    await engine.drain();
    expect(await heardIn(engine)).toBe(1200);
  });

  test('are waited for by whom waits for its own events, and by close', async () => {
    const options = { threads, ...storeFor('os') };
    const engine = await openSaga(options);
    await engine.publishMany([asked('k', [{ to: 'a', n: 1, next: [{ to: 'b', n: 2 }] }])], {
      until: 'handled',
    });
    expect(await boxesOf(engine)).toEqual({ a: [1], b: [2] });
    await engine.publish(asked('k', [{ to: 'a', n: 3, next: [{ to: 'b', n: 4 }] }]), { until: 'accepted' });
    await engine.close();
    const again = await openSaga({ ...options, aggregates: [], handlers: [] });
    expect(await boxesOf(again)).toEqual({ a: [1, 3], b: [2, 4] });
  });

  test('of handlers that come later are those of what these handle then', async () => {
    const options = { threads, ...storeFor('os') };
    const first = await openSaga(options);
    await first.publish(asked('k', [{ to: 'a', n: 1 }]), { until: 'handled' });
    await first.close();
    const engine = await openSaga({ ...options, handlers: [handlers('saga'), handlers('saga-late')] });
    await engine.publish(asked('k', [{ to: 'a', n: 2 }]));
    await engine.drain();
    expect(await boxesOf(engine)).toEqual({ a: [1, 2], 'a-late': [1, 2] });
    await engine.close();
    const again = await openEngine({
      ...options,
      ...SAGA,
      handlers: [handlers('saga'), handlers('saga-late')],
    } as never);
    await again.drain();
    expect(await boxesOf(again)).toEqual({ a: [1, 2], 'a-late': [1, 2] });
    await again.close();
  });
});
