import { defineHandlers, type HandlerContext } from 'millrace/define';
import { EngineFailedError } from 'millrace/errors';
import { createTestEngine, TestClock, type TestEngineOptions } from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import { ALL_EVENTS, Deposited, Stopping } from '../../handlers/events.mjs';
import { collect } from '../../support/collect.js';
import { handlers } from '../../support/open-test-engine.js';
import { failureOf } from '../../support/testing/failure.js';
import { Flagged, Paid, Placed, payments, placed, risk, SHOP_EVENTS } from '../../support/testing/shop.js';

const START = Date.UTC(2024, 0, 1);

const open = (options: Partial<TestEngineOptions> = {}) =>
  createTestEngine({ events: SHOP_EVENTS, handlers: [risk, payments], ...options });

describe('a test engine', () => {
  test('takes handler modules as they are, and by URL', async () => {
    await using engine = await createTestEngine({
      events: [...ALL_EVENTS, ...SHOP_EVENTS],
      handlers: [risk, handlers('account'), handlers('failing').href],
    });
    await engine.publishMany([placed('o1', 500), Deposited({ account: 'a', amount: 1 })]);
    await engine.drain();
    expect(engine.spy.events.map(({ type }) => type).sort()).toEqual([
      'account.deposited',
      'audit.recorded',
      'ledger.credited',
      'shop.flagged',
      'shop.placed',
    ]);
  });

  test('gives every event the time of its clock, however it is published', async () => {
    await using engine = await open();
    await engine.publish(placed('published', 1));
    engine.clock.advance(1);
    await engine.publishMany([placed('many', 1)]);
    engine.clock.advance(1);
    await engine.publishMany(
      (async function* () {
        yield placed('streamed', 1);
      })(),
    );
    engine.clock.set(new Date(START + 100));
    engine.offer(placed('offered', 1));
    await engine.drain();
    engine.clock.set(START - 100);
    await engine.append('appended', [placed('appended', 1)]);
    await engine.publish(Placed({ order: 'told', customer: 'ann', amount: 1 }, { occurredAt: 5 }));
    const times = engine.spy.events.map(({ aggregateId, occurredAt }) => [aggregateId, occurredAt]);
    expect(times).toEqual([
      ['published', START],
      ['many', START + 1],
      ['streamed', START + 2],
      ['offered', START + 100],
      ['appended', START - 100],
      ['told', 5],
    ]);
  });

  test('gives handlers its time and numbers of the event, and emitted events too', async () => {
    const runs = await Promise.all(
      [1, 2].map(async () => {
        await using engine = await open({ now: 1000 });
        await engine.publishMany([placed('o1', 500), placed('o2', 500)]);
        await engine.drain();
        return engine.spy.of(Flagged).map(({ data, occurredAt, id }) => ({ ...data, occurredAt, id }));
      }),
    );
    const [first = [], second] = runs;
    expect(first).toEqual(second);
    expect(first.map(({ id, at, occurredAt }) => [id, at, occurredAt])).toEqual([
      ['test/flag-o1/1', 1000, 1000],
      ['test/flag-o2/1', 1000, 1000],
    ]);
    expect(first[0]?.chance).not.toBe(first[1]?.chance);
  });

  test('gives handlers the random numbers that it was given, and says when there are too few', async () => {
    await using engine = await open({ random: [0.25, 0.5] });
    await engine.publishMany([placed('o1', 500), placed('o2', 500)]);
    await engine.drain();
    expect(engine.spy.of(Flagged).map(({ data }) => data.chance)).toEqual([0.25, 0.5]);
    const third = engine.publish(placed('o3', 500), { until: 'handled' });
    await expect(third).rejects.toThrow(
      "A handler asked for random number 3, but 'random' has 2. Give as many as it needs.",
    );
  });

  test('in deterministic mode leaves time and chance to the engine', async () => {
    const handler = defineHandlers('own', (on) => {
      on(Placed, ({ data: { order } }, ctx) => {
        ctx.emit(Paid({ order, tries: ctx.now() }));
      });
    });
    const fingerprints = await Promise.all(
      [1, 2].map(async () => {
        await using engine = await createTestEngine({
          events: [Placed, Paid],
          handlers: [handler],
          deterministic: true,
        });
        engine.clock.advance(5);
        await engine.publish(placed('o1', 1, 'o1'), { until: 'handled' });
        expect(engine.spy.of(Paid).map(({ data }) => data.tries)).toEqual([START + 5]);
        return await engine.fingerprint();
      }),
    );
    expect(fingerprints[0]).toBe(fingerprints[1]);
  });

  test('tries again without a pause, at a time that stands still', async () => {
    await using engine = await open();
    await engine.publish(Paid({ order: 'o1', tries: 2 }), { until: 'handled' });
    expect(engine.spy.of(Flagged).map(({ data }) => [data.reason, data.at])).toEqual([
      ['paid on try 3', START],
    ]);
  });

  test('tries again when its clock says so, if asked to', async () => {
    await using engine = await open({ retries: 'on-clock' });
    const paid = engine.publish(Paid({ order: 'o1', tries: 1 }), { until: 'handled' });
    await engine.clock.whenWaiting();
    expect(engine.clock.next).toBe(10_000);
    engine.clock.advance(9_999);
    expect(engine.clock.waiting).toBe(1);
    engine.clock.advance(1);
    expect(engine.clock.waiting).toBe(0);
    await paid;
    expect(engine.spy.of(Flagged).map(({ data }) => data.at)).toEqual([START + 10_000]);
  });

  test('closes although a retry waits for its clock', async () => {
    const engine = await open({ retries: 'on-clock' });
    await engine.publish(Paid({ order: 'o1', tries: 1 }));
    await engine.clock.whenWaiting();
    await engine.close();
    expect(engine.spy.count(Flagged)).toBe(1);
  });

  test('drops the retries of an engine that fails', async () => {
    const engine = await createTestEngine({
      events: [...ALL_EVENTS, ...SHOP_EVENTS],
      handlers: [handlers('failing'), payments],
      retries: 'on-clock',
    });
    await engine.publish(Paid({ order: 'o1', tries: 1 }));
    engine.offer(Stopping({ id: 's', number: 1, failures: 1000 }));
    await engine.clock.whenWaiting(2);
    const failed = new Promise((resolve) =>
      engine.onNotice(({ kind }) => kind === 'failed' && resolve(kind)),
    );
    engine.clock.advance(100);
    await failed;
    expect(engine.clock.waiting).toBe(0);
    await expect(engine.close()).rejects.toBeInstanceOf(EngineFailedError);
    // Who has heard of the failure need not hear it again.
    await engine[Symbol.asyncDispose]();
  });

  test('aborts ctx.signal when its clock has passed timeoutMs', async () => {
    const contexts: HandlerContext[] = [];
    const began: (() => void)[] = [];
    const slow = defineHandlers('slow', (on) => {
      on(
        Placed,
        (_event, ctx) =>
          new Promise((_, reject) => {
            contexts.push(ctx);
            ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason));
            began.shift()?.();
          }),
        { timeoutMs: 60_000 },
      );
    });
    await using engine = await open({ handlers: [slow] });
    const running = new Promise<void>((resolve) => began.push(resolve));
    const handled = engine.publish(placed('o1', 1), { until: 'handled' });
    await running;
    engine.clock.advance(59_999);
    expect(contexts[0]?.signal.aborted).toBe(false);
    engine.clock.advance(1);
    await expect(handled).rejects.toMatchObject({
      cause: { code: 'MILLRACE_HANDLER_TIMEOUT', details: { timeoutMs: 60_000 } },
    });
    expect(engine.clock.waiting).toBe(0);
  });

  test('has the rest of the context from the engine', async () => {
    const seen: unknown[] = [];
    const module = defineHandlers('looks', (on) => {
      on(Placed, (_event, ctx) => {
        seen.push(ctx.shared, ctx.lane, ctx.attempt, ctx.signal.aborted);
        ctx.emit(undefined as never);
      });
    });
    await using engine = await open({ handlers: [module], shared: { limit: 5 } });
    const handled = engine.publish(placed('o1', 1), { until: 'handled' });
    await expect(handled).rejects.toMatchObject({ cause: { code: 'MILLRACE_UNKNOWN_EVENT_TYPE' } });
    expect(seen).toEqual([{ limit: 5 }, 0, 1, false]);
  });

  test('broadcasts to the hooks of its modules', async () => {
    const heard: unknown[] = [];
    const module = defineHandlers('hears', () => {}, { onBroadcast: (message) => void heard.push(message) });
    await using engine = await open({ handlers: [module] });
    await engine.broadcast({ reload: true });
    expect(heard).toEqual([{ reload: true }]);
  });

  test('opens beside others, and reads like any engine', async () => {
    await using one = await open();
    await using two = await open();
    await one.publish(placed('o1', 1));
    expect(await collect(one)).toHaveLength(1);
    expect(await collect(two)).toEqual([]);
  });

  test('refuses what it cannot do', async () => {
    await using engine = await open();
    expect(await failureOf(() => engine.setThreads(2))).toMatchInlineSnapshot(
      `"MILLRACE_INVALID_OPTION: setThreads(2): a test engine runs its handlers on the main thread. Open one with openEngine to test threads."`,
    );
    expect(await failureOf(() => open({ retries: 'never' as never }))).toMatchInlineSnapshot(
      `"MILLRACE_INVALID_OPTION: Option retries is 'never'; it must be one of at-once, on-clock."`,
    );
    expect(await failureOf(() => open({ now: Number.NaN }))).toMatch(/^MILLRACE_INVALID_OPTION/);
    expect(await failureOf(() => open({ handlers: [{} as never] }))).toMatch(/^MILLRACE_INVALID_OPTION/);
    expect(await failureOf(() => engine.publish(undefined as never))).toMatch(/^MILLRACE_UNKNOWN_EVENT/);
    expect(await failureOf(() => open({ events: [Placed] }))).toMatch(/^MILLRACE_HANDLER_MODULE_INVALID/);
  });

  test('says what it waits for when it does not close', async () => {
    let letGo = () => {};
    let tell = () => {};
    const begun = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const stuck = defineHandlers('stuck', (on) => {
      on(Placed, () => {
        tell();
        return new Promise<void>((resolve) => {
          letGo = resolve;
        });
      });
    });
    const engine = await open({ handlers: [stuck] });
    await engine.publish(placed('o1', 1));
    await begun;
    const closing = failureOf(() => engine.close());
    expect(await closing).toMatchInlineSnapshot(`
      "MILLRACE_TEST_TIMEOUT: Waited 4000 ms for the engine to close.
      The engine is closing and has 1 event in flight and 0 parked keys.
        running: handlers 'stuck' with #1 shop.placed o1 v1 { order: 'o1', customer: 'ann', amount: 1, tags: [] }"
    `);
    letGo();
    await engine.drain();
  });
});

describe('a test clock', () => {
  test('stands still until it is moved', () => {
    const clock = new TestClock();
    expect(clock.now()).toBe(START);
    clock.advance(5);
    expect(clock.now()).toBe(START + 5);
    clock.set(7);
    expect(clock.now()).toBe(7);
    expect(new TestClock(new Date(9)).now()).toBe(9);
  });

  test('does what waits for it, in order and at its time', () => {
    const clock = new TestClock(0);
    const done: string[] = [];
    const note = (name: string) => () => void done.push(`${name} at ${clock.now()}`);
    clock.after(20, note('late'));
    clock.after(10, () => {
      note('early')();
      clock.after(5, note('added'));
      clock.after(50, note('never'));
    });
    clock.after(20, note('later'));
    clock.after(15, note('taken back'))[Symbol.dispose]();
    expect(clock.next).toBe(10);
    clock.advance(30);
    expect(done).toEqual(['early at 10', 'added at 15', 'late at 20', 'later at 20']);
    expect([clock.now(), clock.next, clock.waiting]).toEqual([30, 30, 1]);
  });

  test('says when it is waited for', async () => {
    const clock = new TestClock(0);
    const two = clock.whenWaiting(2);
    clock.after(10, () => {});
    expect(await failureOf(() => clock.whenWaiting(2, { timeout: 1 }))).toMatchInlineSnapshot(`
      "MILLRACE_TEST_TIMEOUT: Waited 1 ms for the test clock to be waited for 2 times.
      1 are; next in 10 ms."
    `);
    clock.after(20, () => {});
    await two;
    await clock.whenWaiting();
    clock.advance(20);
    expect(await failureOf(() => clock.whenWaiting(1, { timeout: 1 }))).toMatchInlineSnapshot(`
      "MILLRACE_TEST_TIMEOUT: Waited 1 ms for the test clock to be waited for 1 times.
      Nothing waits for it."
    `);
  });

  test('can be put back, and what waits goes on waiting', () => {
    const clock = new TestClock(100);
    let rang = 0;
    clock.after(10, () => rang++);
    clock.set(0);
    clock.set(109);
    expect(rang).toBe(0);
    clock.set(110);
    expect(rang).toBe(1);
  });

  test('refuses what is no time', async () => {
    const clock = new TestClock();
    expect(await failureOf(() => clock.advance(-1))).toMatchInlineSnapshot(
      `"MILLRACE_INVALID_OPTION: clock.advance(-1): give a number of milliseconds from 0. Use clock.set to go back."`,
    );
    expect(await failureOf(() => clock.set(new Date('never')))).toMatchInlineSnapshot(
      `"MILLRACE_INVALID_OPTION: Invalid Date is not a time: give a Date or Unix epoch milliseconds."`,
    );
    expect(await failureOf(() => clock.advance(Number.POSITIVE_INFINITY))).toMatch(/INVALID_OPTION/);
  });
});
