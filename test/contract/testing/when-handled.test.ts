import { defineHandlers } from 'millrace/define';
import { createTestEngine, whenHandled, whenQuiescent } from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import { Held, Noted, Parking, Stopping } from '../../handlers/events.mjs';
import { Gate } from '../../support/gate.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';
import { failureOf } from '../../support/testing/failure.js';
import { Paid, Placed, payments, placed, risk, SHOP_EVENTS } from '../../support/testing/shop.js';

/** Handlers of `Placed` that come to an end when the test says so; those of amount 0 at once. */
function heldOrders() {
  const held: (() => void)[] = [];
  const begun: { readonly count: number; readonly tell: () => void }[] = [];
  const module = defineHandlers('held', (on) => {
    on(Placed, ({ data }) => {
      if (data.amount === 0) return;
      return new Promise((resolve) => {
        held.push(resolve);
        for (const { count, tell } of begun) if (held.length === count) tell();
      });
    });
  });
  return {
    module,
    /** Resolves when so many are held. */
    begun: (count: number) => new Promise<void>((tell) => begun.push({ count, tell })),
    letGo: () => {
      for (const resolve of held.splice(0)) resolve();
    },
  };
}

const open = () => createTestEngine({ events: SHOP_EVENTS, handlers: [risk, payments] });

describe('whenHandled, of a test engine', () => {
  test('resolves when the event is handled, while others are not', async () => {
    const { module, begun, letGo } = heldOrders();
    await using engine = await createTestEngine({ events: SHOP_EVENTS, handlers: [module] });
    const quick = await engine.publish(placed('quick', 0, 'ann'), { until: 'handled' });
    const held = begun(1);
    const slow = await engine.publish(placed('slow', 1, 'bob'));
    await held;
    await whenHandled(engine, quick);
    expect(engine.stats()).toMatchObject({ handled: 1, inFlight: 1 });
    const both = Promise.all([whenHandled(engine, slow), whenHandled(engine, slow.position)]);
    letGo();
    await both;
    await whenHandled(engine, slow);
  });

  test('waits for an event that is still to be published', async () => {
    await using engine = await open();
    const handled = whenHandled(engine, 3);
    for (const amount of [1, 2, 3]) await engine.publish(placed('o1', amount));
    await handled;
    expect(engine.stats().handled).toBe(3);
  });

  test('resolves for an event that nobody handles', async () => {
    await using engine = await createTestEngine({ events: SHOP_EVENTS });
    await whenHandled(engine, await engine.publish(placed('o1', 1)));
  });

  test('rejects when the event becomes, or is, a dead letter', async () => {
    await using engine = await open();
    const becomes = whenHandled(engine, 1);
    await engine.publish(placed('o1', -1));
    expect(await failureOf(() => becomes)).toMatchInlineSnapshot(
      `"MILLRACE_HANDLER_FAILED: The handler of 'shop.placed' failed at position 1, key 'ann', after 1 try: amount -1 is below 0"`,
    );
    expect(await failureOf(() => whenHandled(engine, 1))).toMatchInlineSnapshot(
      `"MILLRACE_HANDLER_FAILED: The event at position 1 is a dead letter: key 'ann' behind #1 shop.placed, which handlers 'risk' failed 1 time: RangeError: amount -1 is below 0"`,
    );
    await expect(whenHandled(engine, 1)).rejects.toMatchObject({ cause: { name: 'RangeError' } });
  });

  test('rejects when the event waits behind a dead letter, of any aggregate of the key', async () => {
    await using engine = await open();
    await engine.publish(placed('bad', -1, 'ann'));
    await engine.publish(placed('good', 1, 'ann'));
    await engine.publish(placed('other', 1, 'bob'));
    expect(await failureOf(() => whenHandled(engine, 2))).toMatchInlineSnapshot(
      `"MILLRACE_KEY_PARKED: The event at position 2 waits behind a dead letter of its key: see engine.deadLetters.list()."`,
    );
    await whenHandled(engine, 3);
    await engine.deadLetters.discard(1);
    await whenHandled(engine, 1);
    await whenHandled(engine, 2);
  });

  test('says where the log ends when time is over', async () => {
    await using engine = await open();
    await engine.publish(placed('o1', 1), { until: 'handled' });
    expect(await failureOf(() => whenHandled(engine, 7, { timeout: 1 }))).toMatchInlineSnapshot(`
      "MILLRACE_TEST_TIMEOUT: Waited 1 ms for the event at position 7 to be handled.
      The log ends at position 1: nothing was published there.
      The engine is open and has 0 events in flight and 0 parked keys."
    `);
  });

  test('refuses what is no position', async () => {
    await using engine = await open();
    for (const place of [0, 1.5, Number.NaN, undefined as never, {} as never]) {
      expect(await failureOf(() => whenHandled(engine, place))).toMatch(/^MILLRACE_INVALID_OPTION/);
    }
  });
});

describe.each([0, 2])('whenHandled, of an engine with %i threads', (threads) => {
  test('resolves when all that was accepted is handled', async () => {
    const engine = await openTestEngine({ threads, handlers: [handlers('failing')] });
    const handled = whenHandled(engine, 5);
    for (let number = 1; number <= 5; number++) {
      await engine.publish(Parking({ id: `p${number}`, number, failures: 1 }));
    }
    await handled;
    // Five events, and what each of them emitted.
    expect(engine.stats().handled).toBe(10);
    await whenHandled(engine, 1);
  });

  test('rejects for a dead letter and what waits behind it', async () => {
    const engine = await openTestEngine({ threads, handlers: [handlers('failing')] });
    const first = await engine.publish(Parking({ id: 'p', number: 1, failures: 1000 }));
    const second = await engine.publish(Parking({ id: 'p', number: 2 }));
    const other = await engine.publish(Parking({ id: 'q', number: 1 }));
    await expect(whenHandled(engine, first)).rejects.toMatchObject({ code: 'MILLRACE_HANDLER_FAILED' });
    await expect(whenHandled(engine, second)).rejects.toMatchObject({ code: 'MILLRACE_KEY_PARKED' });
    await whenHandled(engine, other);
  });
});

describe('whenQuiescent', () => {
  test('resolves when nothing is left to do', async () => {
    await using engine = await open();
    await whenQuiescent(engine);
    await engine.publishMany([placed('o1', 500), Paid({ order: 'o1', tries: 2 })]);
    await whenQuiescent(engine);
    expect(engine.stats()).toMatchObject({ inFlight: 0, handled: 4 });
  });

  test('names the running handlers and the parked keys when time is over', async () => {
    const { module, begun, letGo } = heldOrders();
    await using engine = await createTestEngine({
      events: SHOP_EVENTS,
      handlers: [module, payments],
      concurrency: 2,
    });
    const held = begun(2);
    await engine.publish(Paid({ order: 'lost', tries: 99 }));
    await whenQuiescent(engine);
    await engine.publish(placed('o1', 1, 'ann'));
    await engine.publish(placed('o2', 2, 'bob'));
    await engine.publish(placed('o3', 3, 'ann'));
    await held;
    expect(await failureOf(() => whenQuiescent(engine, { timeout: 20 }))).toMatchInlineSnapshot(`
      "MILLRACE_TEST_TIMEOUT: Waited 20 ms for the engine to finish everything.
      The engine is open and has 3 events in flight and 1 parked key.
        running: handlers 'held' with #2 shop.placed o1 v1 { order: 'o1', customer: 'ann', amount: 1, tags: [] }
        running: handlers 'held' with #3 shop.placed o2 v1 { order: 'o2', customer: 'bob', amount: 2, tags: [] }
        parked: key 'lost' behind #1 shop.paid, which handlers 'payments' failed 3 times: Error: try 3
        health: UNHEALTHY: 100.0 % of handlers' tries fail: see engine.deadLetters and stats().failed. 1 key is parked: see engine.deadLetters.list()."
    `);
    const third = begun(1);
    letGo();
    await third;
    await expect(whenQuiescent(engine, { timeout: 1 })).rejects.toThrow("running: handlers 'held' with #4");
    letGo();
    await whenHandled(engine, 4);
  });

  test('names what waits for the test clock', async () => {
    await using engine = await createTestEngine({
      events: SHOP_EVENTS,
      handlers: [payments],
      retries: 'on-clock',
    });
    await engine.publish(Paid({ order: 'o1', tries: 1 }));
    await engine.clock.whenWaiting();
    expect(await failureOf(() => whenQuiescent(engine, { timeout: 1 }))).toMatchInlineSnapshot(`
      "MILLRACE_TEST_TIMEOUT: Waited 1 ms for the engine to finish everything.
      The engine is open and has 1 event in flight and 0 parked keys.
        waiting: 1 key for another try, the next in 10000 ms of the test clock: clock.advance(10000)
        health: UNHEALTHY: 100.0 % of handlers' tries fail: see engine.deadLetters and stats().failed."
    `);
    engine.clock.advance(10_000);
    await whenQuiescent(engine);
  });

  test('tells of an engine with threads which lanes have done nothing', async () => {
    const gate = new Gate();
    const engine = await openTestEngine({ threads: 2, handlers: [handlers('gate')], shared: gate.shared });
    await engine.publish(Held({ gate: 'g' }));
    await gate.reached(1);
    await engine.publish(Noted({ note: 'n' }));
    expect(await failureOf(() => whenQuiescent(engine, { timeout: 20 }))).toMatchInlineSnapshot(`
      "MILLRACE_TEST_TIMEOUT: Waited 20 ms for the engine to finish everything.
      The engine is open and has 1 event in flight and 0 parked keys.
        lane 0: no event handled meanwhile
        lane 1: no event handled meanwhile"
    `);
    gate.open();
    await whenQuiescent(engine);
  });

  test('ends with the reason of its signal', async () => {
    const { module, begun, letGo } = heldOrders();
    await using engine = await createTestEngine({ events: SHOP_EVENTS, handlers: [module] });
    const held = begun(1);
    await engine.publish(placed('o1', 1));
    await held;
    const reason = new Error('enough');
    await expect(whenQuiescent(engine, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const waiting = whenQuiescent(engine, { signal: controller.signal });
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    letGo();
  });

  test('rejects when the engine has failed', async () => {
    const engine = await openTestEngine({ handlers: [handlers('failing')] });
    const waiting = whenHandled(engine, 1);
    engine.offer(Stopping({ id: 's', number: 1, failures: 1000 }));
    await expect(waiting).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
    await expect(whenQuiescent(engine)).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
  });
});
