import { openEngine } from 'millrace';
import { createTestEngine, like, waitFor } from 'millrace/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Deposited, Noted } from '../../handlers/events.mjs';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';
import { failureOf } from '../../support/testing/failure.js';
import {
  Flagged,
  Paid,
  Placed,
  payments,
  placed,
  risk,
  SHOP_EVENTS,
  Unheard,
} from '../../support/testing/shop.js';

const open = () => createTestEngine({ events: SHOP_EVENTS, handlers: [risk, payments] });

describe('waitFor', () => {
  test('resolves with the event, of the type that was asked for', async () => {
    await using engine = await open();
    const flagged = waitFor(engine, Flagged);
    await engine.publish(placed('o1', 500));
    expect((await flagged).data.reason).toBe('amount 500');
  });

  test('resolves with the first event that is as expected', async () => {
    await using engine = await open();
    const waits = [
      waitFor(engine, placed('o2', 2)),
      waitFor(engine, like(Placed, { order: 'o3' })),
      waitFor(engine, ({ version }) => version === 2),
    ];
    for (const order of ['o1', 'o2', 'o3', 'o1']) await engine.publish(placed(order, Number(order[1])));
    expect((await Promise.all(waits)).map(({ position }) => position)).toEqual([2, 3, 4]);
  });

  test('hears of events on worker threads', async () => {
    const engine = await openTestEngine({ threads: 2, handlers: [handlers('account')] });
    const audited = waitFor(engine, ({ type }) => type === 'audit.recorded');
    await engine.publish(Deposited({ account: 'a', amount: 5 }));
    expect((await audited).data).toEqual({ audit: 'audit-a', amount: 5 });
  });

  test('finds what was published before, by option', async () => {
    await using engine = await open();
    for (const amount of [1, 2, 3]) await engine.publish(placed('o1', amount));
    expect((await waitFor(engine, Placed, { from: 1 })).position).toBe(1);
    expect((await waitFor(engine, Placed, { from: 3 })).position).toBe(3);
    const later = waitFor(engine, Placed, { from: 4 });
    await engine.publish(placed('o1', 4));
    expect((await later).position).toBe(4);
  });

  test('of a log that grows while it is read finds the first event', async () => {
    await using engine = await open();
    await engine.publishMany(Array.from({ length: 500 }, (_, number) => placed('o1', -number)));
    const publishing = engine.publishMany([placed('o2', 1), Paid({ order: 'o2' }), placed('o2', 2)]);
    const found = await waitFor(engine, like(Placed, { order: 'o2' }), { from: 1 });
    expect(found.position).toBe(501);
    await publishing;
  });

  test('says what was published instead when time is over', async () => {
    await using engine = await open();
    expect(await failureOf(() => waitFor(engine, Flagged, { timeout: 1 }))).toMatchInlineSnapshot(`
      "MILLRACE_TEST_TIMEOUT: Waited 1 ms for shop.flagged.
      No event was published meanwhile.
      The engine is open and has 0 events in flight and 0 parked keys."
    `);
    const waiting = waitFor(engine, like(Flagged, { reason: 'amount 7' }), { timeout: 1500 });
    waiting.catch(() => {});
    await engine.publish(placed('o1', 500), { until: 'handled' });
    expect(await failureOf(() => waiting)).toMatchInlineSnapshot(`
      "MILLRACE_TEST_TIMEOUT: Waited 1500 ms for shop.flagged like { reason: 'amount 7' }.
      Published meanwhile were:
        #1 shop.placed o1 v1 { order: 'o1', customer: 'ann', amount: 500, tags: [] }
        #2 shop.flagged flag-o1 v1 { order: 'o1', reason: 'amount 500', at: 1704067200000, chance: 0.37711642892099917 }
      The engine is open and has 0 events in flight and 0 parked keys."
    `);
  });

  test('has an error that can be told apart', async () => {
    await using engine = await open();
    await expect(waitFor(engine, Paid, { timeout: 1 })).rejects.toMatchObject({
      name: 'TestTimeoutError',
      code: 'MILLRACE_TEST_TIMEOUT',
      details: { timeout: 1 },
    });
  });

  test('leaves nothing behind', async () => {
    await using engine = await open();
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    await failureOf(() => waitFor(engine, Paid, { timeout: 1 }));
    await failureOf(() => waitFor(engine, Unheard, { timeout: 60_000 }));
    const ended = waitFor(engine, Placed, { timeout: 60_000 });
    await engine.publish(placed('o0', 1));
    await ended;
    expect(timers()).toBe(before);
    let asked = 0;
    const count = () => {
      asked++;
      return true;
    };
    await engine.publish(placed('o1', 1));
    await waitFor(engine, count, { from: 1 });
    await engine.publish(placed('o1', 1));
    expect(asked).toBe(1);
    expect(engine.stats().subscriberErrors).toBe(0);
  });

  test('rejects with what a predicate throws', async () => {
    await using engine = await open();
    const broken = () => {
      throw new RangeError('broken');
    };
    const live = waitFor(engine, broken);
    await engine.publish(placed('o1', 1));
    await expect(live).rejects.toThrow('broken');
    await expect(waitFor(engine, broken, { from: 1 })).rejects.toThrow('broken');
  });

  test('refuses a type that can never come, and a timeout that is none', async () => {
    await using engine = await open();
    expect(await failureOf(() => waitFor(engine, Unheard))).toMatch(/^MILLRACE_UNKNOWN_EVENT_TYPE/);
    for (const timeout of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(await failureOf(() => waitFor(engine, Paid, { timeout }))).toMatch(/^MILLRACE_INVALID_OPTION/);
    }
  });

  test('ends with the reason of its signal', async () => {
    await using engine = await open();
    const controller = new AbortController();
    const waiting = waitFor(engine, Paid, { signal: controller.signal });
    const reason = new Error('changed my mind');
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(waitFor(engine, Paid, { signal: controller.signal })).rejects.toBe(reason);
  });

  test('rejects at once when the engine fails, has failed or is closed', async () => {
    const engine = await openEngine({
      events: [Noted, Deposited],
      threads: 0,
    });
    onTestFinished(() => engine.close());
    const failing = await openTestEngine({ handlers: [handlers('failing')] });
    const { Stopping } = await import('../../handlers/events.mjs');
    const waiting = waitFor(failing, Noted);
    failing.offer(Stopping({ id: 's', number: 1, failures: 1000 }));
    await expect(waiting).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
    await expect(waitFor(failing, Noted)).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
    await engine.close();
    await expect(waitFor(engine, Noted)).rejects.toMatchObject({ code: 'MILLRACE_CLOSED' });
  });
});
