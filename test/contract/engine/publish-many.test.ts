import type { Engine } from 'millrace';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Deposited, Noted } from '../../handlers/events.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { EVERY_ENGINE } from '../../support/executors.js';
import { handlers, openForTests, openTestEngine, storeFor } from '../../support/open-test-engine.js';

const notes = (note: string, count: number) => oneTo(count).map((value) => Noted({ note, value }));
const valuesOf = async (engine: Engine, aggregateId: string) =>
  (await collect(engine, { aggregateId })).map(({ data }) => (data as { value: number }).value);

describe.each(EVERY_ENGINE)('publishMany: $threads threads, $durability', ({ threads, durability }) => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await openForTests({ threads, ...storeFor(durability), handlers: [handlers('account')] });
  });
  afterAll(() => engine.close());

  test('an array becomes durable in its order, and the receipt names both ends', async () => {
    const before = engine.stats().lastPosition;
    const receipt = await engine.publishMany(notes('array', 700));
    expect(receipt).toEqual({ count: 700, firstPosition: before + 1, lastPosition: before + 700 });
    expect(await valuesOf(engine, 'array')).toEqual(oneTo(700));
  });

  test('nothing at all gives the empty receipt', async () => {
    expect(await engine.publishMany([])).toEqual({ count: 0, firstPosition: 0, lastPosition: 0 });
  });

  test('as many as fill the pauses between turns exactly', async () => {
    // 4,096 is where publishMany lets the event loop go round: the last event may be durable by then.
    expect(await engine.publishMany(notes('pause', 4096))).toMatchObject({ count: 4096 });
  });

  test('an async iterable that ends long after its last event', async () => {
    async function* slow() {
      const before = engine.stats().lastPosition;
      yield* notes('slow-tail', 3);
      // Not before the three are durable, which nothing but the engine decides.
      while (engine.stats().durable < before + 3) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await engine.publishMany(slow())).toMatchObject({ count: 3 });
    expect(await valuesOf(engine, 'slow-tail')).toEqual([1, 2, 3]);
  });

  test("until 'handled' resolves when all are handled and what they led to is stored", async () => {
    const deposits = oneTo(40).map((amount) => Deposited({ account: 'many', amount }));
    await engine.publishMany(deposits, { until: 'handled' });
    const credits = await collect(engine, { aggregateId: 'ledger-many' });
    expect(credits.map(({ data }) => (data as { amount: number }).amount)).toEqual(oneTo(40));
    expect(await collect(engine, { aggregateId: 'audit-many' })).toHaveLength(40);
  });

  test('a refused event ends the call; those before it stay published', async () => {
    const bad = Noted({ note: 5 as never });
    const published = engine.publishMany([...notes('refused', 3), bad, ...notes('refused', 2)]);
    await expect(published).rejects.toMatchObject({ code: 'MILLRACE_SCHEMA_MISMATCH' });
    await engine.drain();
    expect(await valuesOf(engine, 'refused')).toEqual([1, 2, 3]);
  });

  test('an aborted signal ends the call between two events', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    function* abortingAfterTwo() {
      yield* notes('abort', 2);
      controller.abort(reason);
      yield* notes('abort', 2);
    }
    const published = engine.publishMany(abortingAfterTwo(), { signal: controller.signal });
    await expect(published).rejects.toBe(reason);
    await engine.drain();
    expect(await valuesOf(engine, 'abort')).toEqual([1, 2]);
  });

  test('an aborted signal ends the call while the iterable gives nothing', async () => {
    const controller = new AbortController();
    const reason = new Error('waited enough');
    async function* silent() {
      yield* notes('silent', 1);
      setImmediate(() => controller.abort(reason));
      await new Promise(() => {});
    }
    const published = engine.publishMany(silent(), { signal: controller.signal });
    await expect(published).rejects.toBe(reason);
  });

  test('an error of the iterable is the error of the call', async () => {
    const failure = new Error('input ended badly');
    async function* failing() {
      yield* notes('failing', 1);
      throw failure;
    }
    await expect(engine.publishMany(failing())).rejects.toBe(failure);
  });

  test('two calls at once keep the order of each', async () => {
    const fresh = await openTestEngine({ threads, ...storeFor(durability), maxInFlight: 7 });
    await Promise.all([fresh.publishMany(notes('one', 100)), fresh.publishMany(notes('two', 100))]);
    expect(await valuesOf(fresh, 'one')).toEqual(oneTo(100));
    expect(await valuesOf(fresh, 'two')).toEqual(oneTo(100));
    expect(fresh.stats().lastPosition).toBe(200);
  });
});
