import type { Engine } from 'millrace';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Deposited, Noted } from '../../handlers/events.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { EVERY_ENGINE } from '../../support/executors.js';
import { handlers, openForTests, openTestEngine, storeFor } from '../../support/open-test-engine.js';

describe.each(EVERY_ENGINE)('publish: $threads threads, $durability', ({ threads, durability }) => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await openForTests({ threads, ...storeFor(durability), handlers: [handlers('account')] });
  });
  afterAll(() => engine.close());

  test('the first event of a log has position 1 and version 1', async () => {
    const fresh = await openTestEngine({ threads, ...storeFor(durability) });
    expect(await fresh.publish(Noted({ note: 'a' }))).toEqual({ position: 1, version: 1 });
  });

  test('positions and versions of concurrent publishers are gapless, in the order of the calls', async () => {
    const fresh = await openTestEngine({ threads, ...storeFor(durability) });
    const receipts = await Promise.all(
      oneTo(60).map((number) => fresh.publish(Noted({ note: `n${number % 3}` }))),
    );
    expect(receipts.map(({ position }) => position)).toEqual(oneTo(60));
    for (const offset of [0, 1, 2]) {
      const versions = receipts.filter((_, index) => index % 3 === offset).map(({ version }) => version);
      expect(versions).toEqual(oneTo(20));
    }
  });

  test('by default it resolves when the event can be read', async () => {
    const { position } = await engine.publish(Noted({ note: 'durable', value: 1 }));
    const [event] = await collect(engine, { fromPosition: position });
    expect(event).toMatchObject({ position, aggregateId: 'durable', data: { note: 'durable', value: 1 } });
  });

  test("'accepted' resolves with the number, before the event is durable", async () => {
    const receipt = await engine.publish(Noted({ note: 'accepted' }), { until: 'accepted' });
    expect(receipt).toEqual({ position: engine.stats().lastPosition, version: 1 });
    // A log in memory is as durable as it gets within the same turn.
    if (durability !== 'memory') expect(engine.stats().durable).toBeLessThan(receipt.position);
    await engine.drain();
    expect(engine.stats().durable).toBe(receipt.position);
  });

  test("'handled' resolves when the handler's effects can be read", async () => {
    await engine.publish(Deposited({ account: 'handled', amount: 5 }), { until: 'handled' });
    const [credit] = await collect(engine, { aggregateId: 'ledger-handled' });
    expect(credit).toMatchObject({ type: 'ledger.credited', data: { amount: 5 } });
  });

  test("'handled' resolves for an event that nobody handles", async () => {
    const receipt = await engine.publish(Noted({ note: 'unhandled' }), { until: 'handled' });
    expect(engine.stats().durable).toBeGreaterThanOrEqual(receipt.position);
  });

  test('what the publisher says of an event comes back with it', async () => {
    const occurredAt = new Date('2024-02-29T12:00:00.500Z');
    const options = { occurredAt, correlationId: 'story', causationId: 'click', metadata: { user: 'ann' } };
    const { position, version } = await engine.publish(Noted({ note: 'said' }, options));
    const [event] = await collect(engine, { fromPosition: position });
    expect(event).toMatchObject({ version, occurredAt: occurredAt.getTime() });
    expect(event?.metadata).toEqual({ correlationId: 'story', causationId: 'click', user: 'ann' });
    expect(event?.id).toMatch(/\/said\/1$/);
  });

  test('a stage that does not exist is refused before anything is published', async () => {
    const before = engine.stats().accepted;
    const options = { until: 'written' as never };
    const note = Noted({ note: 'stage' });
    const code = 'MILLRACE_INVALID_OPTION';
    await expect(engine.publish(note, options)).rejects.toMatchObject({ code });
    await expect(engine.publishMany([note], options)).rejects.toMatchObject({ code });
    await expect(engine.append('stage', [note], options)).rejects.toMatchObject({ code });
    expect(engine.stats().accepted).toBe(before);
  });

  test('an aborted signal keeps the event out, with the reason', async () => {
    const before = engine.stats().accepted;
    const reason = new Error('changed my mind');
    const published = engine.publish(Noted({ note: 'aborted' }), { signal: AbortSignal.abort(reason) });
    await expect(published).rejects.toBe(reason);
    expect(engine.stats().accepted).toBe(before);
  });
});
