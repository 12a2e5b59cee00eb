import { type Engine, openEngine } from 'millrace';
import { describe, expect, test } from 'vitest';
import { ALL_EVENTS, Deposited, Held, Noted } from '../../handlers/events.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { ENGINES } from '../../support/executors.js';
import { Gate } from '../../support/gate.js';
import { liveThreads } from '../../support/live-threads.js';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';

const CLOSED = { code: 'MILLRACE_CLOSED' };

describe.each(ENGINES)('close: $threads threads, $durability', ({ threads, durability }) => {
  test('drain resolves when everything, and what it led to, is durable and handled', async () => {
    const engine = await openTestEngine({
      threads,
      ...storeFor(durability),
      handlers: [handlers('account')],
    });
    await engine.drain();
    for (const amount of oneTo(100)) engine.offer(Deposited({ account: `a${amount % 7}`, amount }));
    await engine.drain();
    expect(engine.stats()).toMatchObject({ accepted: 300, durable: 300, handled: 300, inFlight: 0 });
  });

  test('drain gives up when its signal aborts, and the engine goes on', async () => {
    const gate = new Gate();
    const options = { threads, ...storeFor(durability), handlers: [handlers('gate')], shared: gate.shared };
    const engine = await openTestEngine(options);
    engine.offer(Held({ gate: 'a' }));
    await gate.reached(1);
    const reason = new Error('not now');
    const controller = new AbortController();
    const drained = engine.drain({ signal: controller.signal });
    controller.abort(reason);
    await expect(drained).rejects.toBe(reason);
    await expect(engine.drain({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    gate.open();
    await engine.drain();
    expect(engine.stats().handled).toBe(1);
  });

  test('close finishes what was accepted, and twice is once', async () => {
    const engine = await openTestEngine({
      threads,
      ...storeFor(durability),
      handlers: [handlers('account')],
    });
    const receipts = Promise.all(
      oneTo(50).map((amount) => engine.publish(Deposited({ account: 'a', amount }), { until: 'handled' })),
    );
    const closing = engine.close();
    expect(engine.stats().state).toBe('closing');
    expect(engine.close()).toBe(closing);
    await closing;
    expect((await receipts).at(-1)?.version).toBe(50);
    expect(engine.stats()).toMatchObject({ state: 'closed', handled: 150, inFlight: 0 });
    await engine.close();
    expect(liveThreads()).toEqual([]);
  });

  test('close sends waiting publishers away', async () => {
    const gate = new Gate();
    const options = { threads, ...storeFor(durability), handlers: [handlers('gate')], shared: gate.shared };
    const engine = await openTestEngine({ ...options, maxInFlight: 1 });
    const first = engine.publish(Held({ gate: 'a' }), { until: 'handled' });
    await gate.reached(1);
    const waiting = engine.publish(Noted({ note: 'late' }));
    const closing = engine.close();
    await expect(waiting).rejects.toMatchObject(CLOSED);
    gate.open();
    await closing;
    expect((await first).position).toBe(1);
    expect(engine.stats().lastPosition).toBe(1);
  });

  test('a publishMany under way ends with a coded error; what it got in is kept', async () => {
    const store = storeFor(durability);
    const engine = await openTestEngine({ threads, ...store });
    function* endless() {
      for (let value = 1; ; value++) {
        if (value === 10) void engine.close();
        yield Noted({ note: 'endless', value });
      }
    }
    await expect(engine.publishMany(endless())).rejects.toMatchObject(CLOSED);
    await engine.close();
    expect(engine.stats()).toMatchObject({ accepted: 9, durable: 9 });
    if (!store.store) return;
    const reopened = await openTestEngine(store);
    expect(await collect(reopened, { aggregateId: 'endless' })).toHaveLength(9);
  });

  test('after close everything that would need the engine says so', async () => {
    const engine = await openTestEngine({ threads, ...storeFor(durability) });
    await engine.close();
    const note = Noted({ note: 'late' });
    await expect(engine.publish(note)).rejects.toMatchObject(CLOSED);
    await expect(engine.publishMany([note])).rejects.toMatchObject(CLOSED);
    await expect(engine.append('late', [note])).rejects.toMatchObject(CLOSED);
    await expect(engine.ready()).rejects.toMatchObject(CLOSED);
    expect(() => engine.offer(note)).toThrow(expect.objectContaining(CLOSED));
    expect(() => engine.subscribeAll(() => {})).toThrow(expect.objectContaining(CLOSED));
    await expect(collect(engine)).rejects.toMatchObject(CLOSED);
    await expect(engine.fingerprint()).rejects.toMatchObject(CLOSED);
  });

  test('close under a reader ends it with a coded error', async () => {
    const engine = await openTestEngine({ threads, ...storeFor(durability) });
    await engine.publishMany(oneTo(1500).map((value) => Noted({ note: 'read', value })));
    const reading = (async () => {
      for await (const { position } of engine.read()) if (position === 5) await engine.close();
    })();
    await expect(reading).rejects.toMatchObject(CLOSED);
  });

  test('close under a fingerprint ends it with a coded error, or lets it come to its end', async () => {
    const engine = await openTestEngine({ threads, ...storeFor(durability) });
    await engine.publishMany(oneTo(1500).map((value) => Noted({ note: 'print', value })));
    const whole = await engine.fingerprint();
    const closing = engine.fingerprint().catch((error) => error.code);
    await engine.close();
    expect([whole, CLOSED.code]).toContain(await closing);
  });

  test('await using closes at the end of the block', async () => {
    let kept: Engine;
    {
      await using engine = await openEngine({ events: ALL_EVENTS, threads, ...storeFor(durability) });
      kept = engine;
      engine.offer(Noted({ note: 'using' }));
    }
    expect(kept.stats()).toMatchObject({ state: 'closed', durable: 1 });
    expect(liveThreads()).toEqual([]);
  });
});
