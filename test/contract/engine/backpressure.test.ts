import type { Notice } from 'millrace';
import { describe, expect, test } from 'vitest';
import { Held, Noted } from '../../handlers/events.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { ENGINES } from '../../support/executors.js';
import { Gate } from '../../support/gate.js';
import {
  handlers,
  openTestEngine,
  storeFor,
  type TestEngineOptions,
} from '../../support/open-test-engine.js';

/** An engine with room for three events, all of which stand at a closed gate. */
async function fullEngine(options: TestEngineOptions) {
  const gate = new Gate();
  const engine = await openTestEngine({
    ...options,
    maxInFlight: 3,
    handlers: [handlers('gate')],
    shared: gate.shared,
  });
  for (const number of oneTo(3)) expect(engine.offer(Held({ gate: `g${number}` }))).toBe(true);
  return { engine, gate };
}

describe.each(ENGINES)('a full engine: $threads threads, $durability', ({ threads, durability }) => {
  const open = () => fullEngine({ threads, ...storeFor(durability) });

  test('refuses offers, and takes them again after ready()', async () => {
    const { engine, gate } = await open();
    expect(engine.offer(Held({ gate: 'fourth' }))).toBe(false);
    expect(engine.stats()).toMatchObject({ accepted: 3, inFlight: 3 });
    const ready = engine.ready();
    gate.open();
    await ready;
    expect(engine.offer(Held({ gate: 'fourth' }))).toBe(true);
    await engine.drain();
    expect((await collect(engine)).map(({ aggregateId }) => aggregateId)).toEqual([
      'g1',
      'g2',
      'g3',
      'fourth',
    ]);
  });

  test('warns once when it is nearly full, and says when it is not any more', async () => {
    const gate = new Gate();
    const engine = await openTestEngine({
      threads,
      ...storeFor(durability),
      maxInFlight: 10,
      handlers: [handlers('gate')],
      shared: gate.shared,
    });
    const notices: Notice[] = [];
    using _listening = engine.onNotice((notice) => notices.push(notice));
    engine.onNotice(() => {
      throw new Error('A listener that fails.');
    });
    await engine.publishMany(oneTo(7).map((number) => Held({ gate: `g${number}` })));
    expect(notices).toEqual([]);
    await engine.publishMany(oneTo(2).map((number) => Held({ gate: `h${number}` })));
    expect(notices).toMatchObject([
      { kind: 'pressure', inFlight: expect.toSatisfy((count) => count >= 8), maxInFlight: 10 },
    ]);
    gate.open();
    await engine.drain();
    expect(notices.map(({ kind }) => kind)).toEqual(['pressure', 'relieved']);
    expect(engine.stats().subscriberErrors).toBe(2);
  });

  test('lets publishers in later, in the order in which they came', async () => {
    const { engine, gate } = await open();
    const waiting = oneTo(9).map((value) => engine.publish(Noted({ note: 'queue', value })));
    const overtaking = engine.offer(Noted({ note: 'queue', value: 'offer' }));
    expect(overtaking).toBe(false);
    expect(engine.stats().accepted).toBe(3);
    gate.open();
    const receipts = await Promise.all(waiting);
    expect(receipts.map(({ position }) => position)).toEqual(oneTo(9).map((number) => number + 3));
    const stored = await collect(engine, { aggregateId: 'queue' });
    expect(stored.map(({ data }) => (data as { value: number }).value)).toEqual(oneTo(9));
  });

  test('never holds more than maxInFlight, however much is published', async () => {
    const { engine, gate } = await open();
    gate.open();
    let most = 0;
    const watched = engine.subscribeAll(() => {
      most = Math.max(most, engine.stats().inFlight);
    });
    await engine.publishMany(oneTo(200).map((number) => Held({ gate: `key-${number % 5}` })));
    await engine.drain();
    watched.unsubscribe();
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(3);
    expect(engine.stats()).toMatchObject({ handled: 203, inFlight: 0 });
  });

  test('lets a waiting publisher go when its signal aborts', async () => {
    const { engine, gate } = await open();
    const controller = new AbortController();
    const reason = new Error('too slow');
    const refused = [
      engine.publish(Noted({ note: 'gone' }), { signal: controller.signal }),
      engine.publishMany([Noted({ note: 'gone' })], { signal: controller.signal }),
      engine.append('gone', [Noted({ note: 'gone' })], { signal: controller.signal }),
      engine.ready(controller.signal),
    ];
    const stays = engine.publish(Noted({ note: 'stays' }));
    controller.abort(reason);
    const outcomes = await Promise.allSettled(refused);
    expect(outcomes).toEqual(refused.map(() => ({ status: 'rejected', reason })));
    gate.open();
    expect(await stays).toEqual({ position: 4, version: 1 });
    expect(await collect(engine, { aggregateId: 'gone' })).toEqual([]);
  });

  test('takes events again after one that is larger than its bound of bytes', async () => {
    const engine = await openTestEngine({ threads, ...storeFor(durability), maxInFlightBytes: 2_000_000 });
    expect(engine.offer(Noted({ note: 'small' }))).toBe(true);
    await engine.publish(Noted({ note: 'large', value: 'x'.repeat(5_000_000) }));
    await engine.publish(Noted({ note: 'small' }));
    await engine.drain();
    expect(engine.stats().lastPosition).toBe(3);
  });
});
