import { describe, expect, test } from 'vitest';
import { Meters } from '../../../dist/src/observe/meters.js';
import { Deposited, Noted, Parking, Skipping } from '../../handlers/events.mjs';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';

describe.each([0, 2])('engine.metrics with %i threads', (threads) => {
  test('counts every event by its lane, its type and how far it came', async () => {
    const engine = await openTestEngine({ ...storeFor('os'), threads, handlers: [handlers('account')] });
    const deposits = Array.from({ length: 40 }, (_, n) => Deposited({ account: `a${n % 4}`, amount: n }));
    await engine.publishMany(deposits);
    await engine.publish(Noted({ note: 'n' }));
    await engine.drain();
    const { events, lanes, types, latency, batches, commits, queue, hotKeys, ...rest } =
      engine.metrics.snapshot();
    // 40 deposits, 40 credits, 40 audits and a note; nobody handles the last two.
    expect(events).toEqual({
      accepted: 121,
      durable: 121,
      handled: 121,
      emitted: 80,
      failed: 0,
      retried: 0,
      skipped: 0,
      subscriberErrors: 0,
    });
    expect(Object.fromEntries(types.map(({ type, handled }) => [type, handled]))).toEqual({
      'account.deposited': 40,
      'ledger.credited': 40,
    });
    expect(lanes.reduce((sum, lane) => sum + lane.events, 0)).toBe(80);
    expect(lanes.reduce((sum, lane) => sum + lane.batches, 0)).toBe(batches.count);
    expect(batches.count * batches.meanEvents).toBeCloseTo(80);
    expect(commits.count * commits.meanEvents).toBeCloseTo(121);
    for (const { busy, heap, deaths } of lanes) {
      expect(busy).toBeGreaterThan(0);
      expect(heap).toBeGreaterThan(1_000_000);
      expect(deaths).toBe(0);
    }
    const shared = types.reduce((sum, { busy }) => sum + busy, 0);
    expect(shared).toBeCloseTo(lanes.reduce((sum, { busy }) => sum + busy, 0));
    expect(latency.durable.count).toBe(121);
    expect(latency.handled.max).toBeGreaterThan(0);
    expect(queue).toMatchObject({ inFlight: 0, parkedKeys: 0 });
    expect(hotKeys.length).toBeGreaterThan(0);
    expect(rest).toMatchObject({ threads, files: { store: expect.any(Number), wal: expect.any(Number) } });
  });
});

test('failures, retries and parked keys are counted', async () => {
  const engine = await openTestEngine({ durability: 'memory', handlers: [handlers('failing')] });
  await engine.publish(Parking({ id: 'p', number: 1, failures: 1000 }));
  await engine.publish(Skipping({ id: 's', number: 2, failures: 1000 }));
  await engine.drain();
  const { events, queue, files } = engine.metrics.snapshot();
  expect(queue.parkedKeys).toBe(1);
  expect(events.skipped).toBe(1);
  expect(events.failed - events.retried).toBe(2);
  expect(events.retried).toBeGreaterThanOrEqual(2);
  expect(files).toBeUndefined();
});

test('the one hot key is on top of the list', async () => {
  const engine = await openTestEngine({ durability: 'memory', handlers: [handlers('account')] });
  await engine.publishMany(Array.from({ length: 300 }, (_, n) => Deposited({ account: 'hot', amount: n })));
  await engine.publish(Deposited({ account: 'cold', amount: 1 }), { until: 'handled' });
  await engine.drain();
  expect(['hot', 'ledger-hot']).toContain(engine.metrics.snapshot().hotKeys[0]?.key);
});

describe('the time of a batch', () => {
  const work = (types: readonly number[], busy: number) => ({
    events: 10,
    busy,
    heap: 0,
    types: Float64Array.from(types),
  });
  const busyOf = (meters: Meters) =>
    meters.types((id) => `type-${id}`).map(({ type, handled, busy }) => [type, handled, busy]);

  test('is shared out by what one event of each type took', () => {
    const meters = new Meters();
    meters.worked(0, work([1, 8, 0.25, 2, 2, 3], 16));
    expect(busyOf(meters)).toEqual([
      ['type-2', 2, 12],
      ['type-1', 8, 4],
    ]);
  });

  test('is shared out evenly when no time was measured', () => {
    const meters = new Meters();
    meters.worked(1, work([1, 5, 0, 2, 5, 0], 6));
    expect(busyOf(meters).map(([, , busy]) => busy)).toEqual([3, 3]);
    expect(meters.lanes).toEqual([{ lane: 1, batches: 1, events: 10, busy: 6, deaths: 0, heap: 0 }]);
  });

  test('of versions of a type is that of the type', () => {
    const meters = new Meters();
    meters.worked(0, work([1, 1, 1, 2, 3, 1], 8));
    expect(meters.types(() => 'same')).toEqual([{ type: 'same', handled: 4, busy: 8 }]);
  });
});
