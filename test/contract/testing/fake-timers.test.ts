import { defineHandlers } from 'millrace/define';
import { createTestEngine, specify, waitFor, whenHandled, whenQuiescent } from 'millrace/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { openTestEngine } from '../../support/open-test-engine.js';
import { Flagged, Paid, payments, placed, risk, SHOP_EVENTS } from '../../support/testing/shop.js';
import { startBus } from '../bus/support.js';

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2030, 0, 1) });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('with every timer and clock of the test faked', () => {
  test('a test engine handles, retries, waits and closes', async () => {
    const engine = await createTestEngine({ events: SHOP_EVENTS, handlers: [risk, payments] });
    const flagged = waitFor(engine, Flagged);
    const receipt = await engine.publish(placed('o1', 500));
    await whenHandled(engine, receipt);
    expect(await flagged).toMatchObject({ data: { order: 'o1', at: Date.UTC(2024, 0, 1) } });
    await engine.publish(Paid({ order: 'o2', tries: 2 }), { until: 'handled' });
    await whenQuiescent(engine);
    expect(engine.spy.count(Flagged)).toBe(2);
    await engine.close();
  });

  test('a wait that is in vain ends in real time', async () => {
    const engine = await createTestEngine({ events: SHOP_EVENTS });
    const code = 'MILLRACE_TEST_TIMEOUT';
    await expect(waitFor(engine, Flagged, { timeout: 5 })).rejects.toMatchObject({ code });
    await expect(whenHandled(engine, 7, { timeout: 5 })).rejects.toMatchObject({ code });
    await expect(engine.clock.whenWaiting(1, { timeout: 5 })).rejects.toMatchObject({ code });
    await engine.close();
  });

  test('a retry that waits for the test clock is tried again when that is moved', async () => {
    const engine = await createTestEngine({ events: SHOP_EVENTS, handlers: [payments], retries: 'on-clock' });
    const receipt = await engine.publish(Paid({ order: 'o1', tries: 1 }));
    await engine.clock.whenWaiting();
    engine.clock.advance(10_000);
    await whenHandled(engine, receipt);
    await engine.close();
  });

  test('given, when, then', async () => {
    await specify(risk, { events: SHOP_EVENTS }).when(placed('o1', 500)).thenEmits(Flagged);
  });

  test('an engine and a bus go round', async () => {
    const engine = await openTestEngine({ durability: 'memory' });
    await engine.publishMany(Array.from({ length: 9000 }, () => Noted({ note: 'a' })));
    await engine.drain();
    const bus = await startBus({}, (made) => {
      made.subscribe(Noted, () => {});
    });
    await bus.publish(Noted({ note: 'a' }), { until: 'handled' });
    await bus.stop();
  });
});

test('a handler sees the faked time of its test', async () => {
  const seen: number[] = [];
  const clock = defineHandlers('clock', (on) => {
    on(Paid, () => void seen.push(Date.now()));
  });
  await using engine = await createTestEngine({ events: SHOP_EVENTS, handlers: [clock] });
  await engine.publish(Paid({ order: 'o1' }), { until: 'handled' });
  expect(seen).toEqual([Date.UTC(2030, 0, 1)]);
});
