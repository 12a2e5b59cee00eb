import type { Engine, Notice } from 'millrace';
import type { ConsumerOptions } from 'millrace/consumers';
import { describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { Heard, Latch, startHearing } from '../../support/heard.js';
import { openTestEngine, storeFor } from '../../support/open-test-engine.js';

const notes = (count: number, keys = 3) =>
  oneTo(count).map((value) => Noted({ note: `n${value % keys}`, value }));

/** A consumer whose handler throws at some positions until it is cured. */
async function startFailing(engine: Engine, at: readonly number[], options: Partial<ConsumerOptions> = {}) {
  const heard = new Heard();
  const failing = new Set(at);
  const tries: number[] = [];
  const { consumer } = await startHearing(engine, {
    retryDelayMs: 0,
    ...options,
    handle: (event) => {
      tries.push(event.position);
      if (failing.has(event.position)) throw new RangeError(`bad at ${event.position}`);
      heard.hear(event);
    },
  });
  return { consumer, heard, failing, tries };
}

describe.each(['memory', 'os'] as const)('an event of a consumer fails: %s', (durability) => {
  const open = () => openTestEngine(storeFor(durability));

  test('it is tried again by the rule, and its key waits for it while others go on', async () => {
    const engine = await open();
    const order: string[] = [];
    const attempts: number[] = [];
    const { consumer } = await startHearing(engine, {
      retries: 3,
      retryDelayMs: 1,
      handle: ({ key, position }, { attempt }) => {
        if (position === 1) attempts.push(attempt);
        if (position === 1 && attempt < 3) throw new Error('not yet');
        order.push(`${key} ${position}`);
      },
    });
    await engine.publishMany(notes(30));
    await consumer.whenCaughtUp();
    expect(attempts).toEqual([1, 2, 3]);
    expect(order.filter((one) => one.startsWith('n1')).map((one) => Number(one.split(' ')[1]))).toEqual(
      oneTo(10).map((value) => 3 * value - 2),
    );
    expect(order).toHaveLength(30);
    expect(consumer.status()).toMatchObject({
      position: 30,
      handled: 30,
      failed: 2,
      retried: 2,
      failures: 0,
    });
  });

  test('`park` holds its key in the log, in order, and nothing else; retry() lets it go on', async () => {
    const engine = await open();
    const notices: Notice[] = [];
    engine.onNotice((notice) => void notices.push(notice));
    await engine.publishMany(notes(1500));
    const { consumer, heard, failing } = await startFailing(engine, [4], { retries: 1 });
    await consumer.whenCaughtUp();
    expect(heard.positions).toEqual(oneTo(1500).filter((value) => value % 3 !== 1 || value < 4));
    expect(consumer.status()).toMatchObject({
      state: 'running',
      position: 3,
      lag: 499,
      parkedKeys: 1,
      failures: 1,
    });
    expect(consumer.failures()).toMatchObject([
      {
        position: 4,
        key: 'n1',
        state: 'parked',
        attempts: 2,
        error: { name: 'RangeError', message: 'bad at 4' },
      },
    ]);
    expect(engine.health()).toEqual({
      status: 'DEGRADED',
      reasons: ["Consumer 'c' has 1 parked key: see its failures()."],
    });
    expect(notices).toContainEqual(
      expect.objectContaining({
        ...{ kind: 'consumer-failed', consumer: 'c', position: 4, key: 'n1', state: 'parked' },
        error: expect.objectContaining({ code: 'MILLRACE_HANDLER_FAILED' }),
      }),
    );
    failing.clear();
    const before = heard.positions.length;
    await consumer.retry(4);
    const live = engine.publishMany(notes(300));
    await consumer.whenCaughtUp(1800);
    await live;
    const later = heard.positions.slice(before);
    expect(later.filter((value) => value <= 1500)).toEqual(
      oneTo(1500).filter((value) => value % 3 === 1 && value >= 4),
    );
    expect(later.filter((value) => value % 3 === 1)).toEqual(
      oneTo(1800).filter((value) => value % 3 === 1 && value >= 4),
    );
    expect(later).toHaveLength(499 + 300);
    expect(consumer.status()).toMatchObject({ position: 1800, lag: 0, parkedKeys: 0, failures: 0 });
    expect(engine.health().status).toBe('HEALTHY');
  });

  test('discard() gives a parked event up, and its key goes on behind it; retried in vain it is parked again', async () => {
    const engine = await open();
    await engine.publishMany(notes(9));
    const { consumer, heard } = await startFailing(engine, [4]);
    await consumer.whenCaughtUp();
    await consumer.retry(4);
    await consumer.whenCaughtUp();
    expect(consumer.failures()).toMatchObject([{ position: 4, state: 'parked', attempts: 1 }]);
    await consumer.discard(4);
    await consumer.whenCaughtUp();
    expect(heard.positions).toEqual([1, 2, 3, 5, 6, 8, 9, 7]);
    expect(consumer.status()).toMatchObject({ position: 9, lag: 0, failures: 0 });
  });

  test('`skip` keeps it as a failed one and goes on', async () => {
    const engine = await open();
    await engine.publishMany(notes(9, 1));
    const { consumer, heard } = await startFailing(engine, [2, 5], { onFailure: 'skip' });
    await consumer.whenCaughtUp();
    expect(heard.positions).toEqual([1, 3, 4, 6, 7, 8, 9]);
    expect(consumer.status()).toMatchObject({ position: 9, lag: 0, skipped: 2, failures: 2, parkedKeys: 0 });
    await expect(consumer.retry(2)).rejects.toMatchObject({ code: 'MILLRACE_DEAD_LETTER_NOT_FOUND' });
    await consumer.discard(2);
    expect(consumer.failures()).toMatchObject([{ position: 5, state: 'skipped' }]);
    expect(engine.health().status).toBe('HEALTHY');
  });

  test('`stop` stops the consumer in front of it and nothing else; resume() tries it again', async () => {
    const engine = await open();
    const { consumer, heard, failing } = await startFailing(engine, [3], { onFailure: 'stop' });
    const other = await startHearing(engine, { name: 'other' });
    const waiting = consumer.whenCaughtUp(5);
    await engine.publishMany(notes(5, 1));
    await expect(waiting).rejects.toMatchObject({
      code: 'MILLRACE_CONSUMER_STOPPED',
      cause: { code: 'MILLRACE_HANDLER_FAILED', cause: { message: 'bad at 3' } },
    });
    await other.consumer.whenCaughtUp();
    expect(consumer.status()).toMatchObject({ state: 'failed', position: 2, failures: 0 });
    expect(consumer.status().error).toMatchObject({ code: 'MILLRACE_HANDLER_FAILED' });
    expect(engine.health().reasons).toEqual([expect.stringContaining("Consumer 'c' has stopped: ")]);
    await expect(consumer.whenCaughtUp()).rejects.toMatchObject({ code: 'MILLRACE_CONSUMER_STOPPED' });
    failing.clear();
    consumer.resume();
    await consumer.whenCaughtUp();
    expect(heard.positions).toEqual([1, 2, 3, 4, 5]);
    expect(engine.health().status).toBe('HEALTHY');
  });

  test('replay() tries failed events from there on again, and leaves those below', async () => {
    const engine = await open();
    await engine.publishMany(notes(12));
    const { consumer, failing, tries } = await startFailing(engine, [2, 7]);
    await consumer.whenCaughtUp();
    expect(consumer.failures().map(({ position }) => position)).toEqual([2, 7]);
    failing.clear();
    tries.length = 0;
    await consumer.replay(6);
    await consumer.whenCaughtUp();
    expect(tries).toEqual([6, 7, 9, 10, 12]);
    expect(consumer.failures().map(({ position }) => position)).toEqual([2]);
    await consumer.replay(1);
    await consumer.whenCaughtUp();
    expect(consumer.status()).toMatchObject({ position: 12, lag: 0, failures: 0 });
  });

  test('a key that fails for long holds up no other, however many events it has', async () => {
    const engine = await open();
    const cured = new Latch();
    const order: number[] = [];
    const { consumer } = await startHearing(engine, {
      concurrency: 2,
      handle: async ({ key, position }) => {
        if (key === 'hot') await cured.opened;
        order.push(position);
      },
    });
    await engine.publishMany(
      oneTo(4000).map((value) => Noted({ note: value % 100 === 0 ? `n${value}` : 'hot' })),
    );
    await expect.poll(() => order.length, { timeout: 10_000 }).toBe(40);
    expect(order).toEqual(oneTo(40).map((value) => value * 100));
    cured.open();
    await consumer.whenCaughtUp();
    expect(order.slice(40)).toEqual(oneTo(4000).filter((value) => value % 100 !== 0));
  });
});
