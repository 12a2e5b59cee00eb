import type { Engine } from 'millrace';
import { ConcurrencyError } from 'millrace/errors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { EVERY_ENGINE } from '../../support/executors.js';
import { openForTests, storeFor } from '../../support/open-test-engine.js';

describe.each(EVERY_ENGINE)('append: $threads threads, $durability', ({ threads, durability }) => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await openForTests({ threads, ...storeFor(durability) });
  });
  afterAll(() => engine.close());

  const notes = (note: string, count: number) => oneTo(count).map((value) => Noted({ note, value }));

  test('at the expected version publishes all events, next to each other', async () => {
    const first = await engine.append('a', notes('a', 3), { expectedVersion: 0 });
    expect(first.version).toBe(3);
    const second = await engine.append('a', notes('a', 2), { expectedVersion: 3 });
    expect(second.version).toBe(5);
    const positions = (await collect(engine, { aggregateId: 'a' })).map(({ position }) => position);
    expect(positions).toEqual([
      first.position - 2,
      first.position - 1,
      first.position,
      second.position - 1,
      second.position,
    ]);
  });

  test('at another version publishes nothing, and says both versions', async () => {
    await engine.append('b', notes('b', 2));
    const before = engine.stats().accepted;
    const error = await engine.append('b', notes('b', 1), { expectedVersion: 1 }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ConcurrencyError);
    expect(error).toMatchObject({
      code: 'MILLRACE_CONCURRENCY',
      details: { aggregateId: 'b', expected: 1, actual: 2 },
    });
    expect(engine.stats().accepted).toBe(before);
  });

  test('of many writers at one version exactly one wins', async () => {
    const outcomes = await Promise.allSettled(
      oneTo(10).map(() => engine.append('race', notes('race', 2), { expectedVersion: 0 })),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await collect(engine, { aggregateId: 'race' })).toHaveLength(2);
  });

  test('refuses an event of another aggregate', async () => {
    const appended = engine.append('c', [...notes('c', 1), ...notes('d', 1)]);
    await expect(appended).rejects.toMatchObject({ code: 'MILLRACE_INVALID_NAME' });
    expect(await collect(engine, { aggregateId: 'c' })).toEqual([]);
  });

  test('publishes all or nothing, also when one event is too large', async () => {
    const before = engine.stats().accepted;
    const large = Noted({ note: 'e', value: 'x'.repeat(17 * 1024 * 1024) });
    const appended = engine.append('e', [...notes('e', 1), large]);
    await expect(appended).rejects.toMatchObject({ code: 'MILLRACE_PAYLOAD_TOO_LARGE' });
    expect(engine.stats().accepted).toBe(before);
  });

  test('of nothing says where the aggregate is', async () => {
    await engine.append('f', notes('f', 4));
    expect((await engine.append('f', [], { expectedVersion: 4 })).version).toBe(4);
  });

  test('an aborted signal keeps the events out', async () => {
    const reason = new Error('no');
    const appended = engine.append('g', notes('g', 1), { signal: AbortSignal.abort(reason) });
    await expect(appended).rejects.toBe(reason);
    expect(await collect(engine, { aggregateId: 'g' })).toEqual([]);
  });
});
