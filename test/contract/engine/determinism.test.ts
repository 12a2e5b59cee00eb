import type { DomainEvent, Engine, EngineOptions, NewEvent } from 'millrace';
import { NotDeterministicError } from 'millrace/errors';
import { openStoreReader } from 'millrace/store';
import { beforeAll, describe, expect, test } from 'vitest';
import { DICE_EVENTS, Drawn, Planted, Rolled, Seen, Stray, Strayed } from '../../handlers/determinism.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { EVERY_EXECUTOR } from '../../support/executors.js';
import { handlers, openForTests, openTestEngine, storeFor } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

const DETERMINISTIC: Partial<EngineOptions> = {
  events: DICE_EVENTS,
  handlers: [handlers('determinism')],
  deterministic: true,
};
const CODE = { code: 'MILLRACE_NOT_DETERMINISTIC' };
const at = { occurredAt: 1000 };

/** 60 events of 7 keys; many are published while handlers of their key still emit to it. */
const ROLLS = oneTo(60).map((number) =>
  Rolled(
    { key: `k${(number * number) % 7}`, number, rounds: number % 3 },
    { occurredAt: 1_000_000 + number * 60_000 },
  ),
);
/** Each round is a Rolled, a Drawn and a Seen. */
const EVENTS = oneTo(60).reduce((sum, number) => sum + 3 * (1 + (number % 3)), 0);

/** Publishes in chunks, without waiting for one chunk before the next one. */
async function publishIn(engine: Engine, chunk: number, events: readonly NewEvent[] = ROLLS): Promise<void> {
  const pending: Promise<unknown>[] = [];
  for (let from = 0; from < events.length; from += chunk) {
    const part = events.slice(from, from + chunk);
    const single = part.length === 1 ? part[0] : undefined;
    pending.push(single ? engine.publish(single, { until: 'accepted' }) : engine.publishMany(part));
  }
  await Promise.all(pending);
}

/** The fingerprint of a log in which these events were published, in order. */
async function fingerprintOf(
  events: readonly NewEvent[],
  options: Partial<EngineOptions> = {},
): Promise<string> {
  const engine = await openForTests({ ...DETERMINISTIC, ...options });
  try {
    await engine.publishMany(events);
    return await engine.fingerprint();
  } finally {
    await engine.close();
  }
}

/** What each key's events say, in their order and without wall-clock fields. */
function byKey(events: readonly DomainEvent[]): Record<string, unknown[]> {
  const keys: Record<string, unknown[]> = {};
  for (const { id, type, version, occurredAt, data } of events) {
    const { wall: _wall, ...rest } = data as { key: string; wall?: number };
    keys[rest.key] ??= [];
    keys[rest.key]?.push({ id, type, version, occurredAt, ...rest });
  }
  return keys;
}

describe('the same input gives the same log', () => {
  let fingerprint: string;
  let keys: Record<string, unknown[]>;

  beforeAll(async () => {
    const engine = await openForTests(DETERMINISTIC);
    for (const roll of ROLLS) await engine.publish(roll, { until: 'handled' }).then(() => engine.drain());
    fingerprint = await engine.fingerprint();
    const events = await collect(engine);
    expect(events).toHaveLength(EVENTS);
    keys = byKey(events);
    await engine.close();
  });

  const RUNS = EVERY_EXECUTOR.flatMap((threads) =>
    [1, 4].flatMap((concurrency) => [1, 7, 60].map((chunk) => ({ threads, concurrency, chunk }))),
  );

  test.each(RUNS)('$threads threads, concurrency $concurrency, $chunk at a time', async (run) => {
    const { chunk, ...options } = run;
    const engine = await openTestEngine({ ...DETERMINISTIC, ...options });
    await publishIn(engine, chunk);
    expect(await engine.fingerprint()).toBe(fingerprint);
    expect(byKey(await collect(engine))).toEqual(keys);
  });

  // With few in flight several publishMany calls take turns, so there is one; single events keep their order.
  test.each<[string, number, Partial<EngineOptions>]>([
    ['with few events in flight', 60, { threads: 2, maxInFlight: 3 }],
    ['with few events in flight, one by one', 1, { threads: 2, maxInFlight: 3 }],
    ["with dispatch 'accepted'", 7, { threads: 2, concurrency: 4, dispatch: 'accepted' }],
    ['in a file', 7, { threads: 2, ...storeFor('os') }],
  ])('%s', async (_name, chunk, options) => {
    const engine = await openTestEngine({ ...DETERMINISTIC, ...options });
    await publishIn(engine, chunk);
    expect(await engine.fingerprint()).toBe(fingerprint);
  });

  test('in two sessions on one file, and for a reader of it', async () => {
    const store = tempStore();
    for (const part of [ROLLS.slice(0, 25), ROLLS.slice(25)]) {
      const engine = await openForTests({ ...DETERMINISTIC, store, threads: 2 });
      await publishIn(engine, 10, part);
      await engine.close();
    }
    const reader = openStoreReader(store);
    expect(reader.fingerprint()).toBe(fingerprint);
    reader.close();
  });

  test('another seed gives another one', async () => {
    expect(await fingerprintOf(ROLLS, { seed: 'other' })).not.toBe(fingerprint);
  });

  test('a handler that uses Math.random gives another one each time', async () => {
    const planted = [Planted({ key: 'a' }, at)];
    expect(await fingerprintOf(planted)).not.toBe(await fingerprintOf(planted));
  });

  test('ctx.random has a stream for each event, ctx.now is its time', async () => {
    const engine = await openTestEngine(DETERMINISTIC);
    await publishIn(engine, 60);
    await engine.drain();
    const drawn = (await collect(engine, { types: [Drawn.type] })) as DomainEvent<{
      random: number[];
      now: number;
    }>[];
    const numbers = drawn.flatMap(({ data }) => data.random);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
    expect(drawn.every(({ data, occurredAt }) => data.now === occurredAt)).toBe(true);
    expect(new Set(drawn.map(({ occurredAt }) => occurredAt)).size).toBe(ROLLS.length);
  });
});

describe('a fingerprint', () => {
  const drawn = (change: Partial<Parameters<typeof Drawn>[0]> = {}) =>
    Drawn({ key: 'a', number: 1, random: [0.5, 0.25], now: 7, wall: 1, ...change }, at);
  let fingerprint: string;

  beforeAll(async () => {
    fingerprint = await fingerprintOf([drawn(), drawn()]);
  });

  test.each<[string, NewEvent[]]>([
    ['one field', [drawn(), drawn({ number: 2 })]],
    ['a number deep inside', [drawn(), drawn({ random: [0.5, 0.250001] })]],
    ['the time of an event', [drawn(), Drawn(drawn().data, { occurredAt: 1001 })]],
    ['the key', [drawn(), drawn({ key: 'b' })]],
    ['the count of events', [drawn(), drawn(), drawn()]],
  ])('changes with %s', async (_name, events) => {
    expect(await fingerprintOf(events)).not.toBe(fingerprint);
  });

  test('changes with the order of two events of a key, not of two keys', async () => {
    const seen = (key: string, number: number) => Seen({ key, number, random: 0 }, at);
    const inOrder = await fingerprintOf([seen('a', 1), seen('a', 2), seen('b', 1)]);
    expect(await fingerprintOf([seen('a', 2), seen('a', 1), seen('b', 1)])).not.toBe(inOrder);
    expect(await fingerprintOf([seen('b', 1), seen('a', 1), seen('a', 2)])).toBe(inOrder);
  });

  test('does not change with a volatile field', async () => {
    expect(await fingerprintOf([drawn({ wall: 99 }), drawn({ wall: -1 })])).toBe(fingerprint);
  });

  test('does not change with the order of the keys of a payload', async () => {
    const data = { wall: 1, now: 7, random: [0.5, 0.25], number: 1, key: 'a' };
    const options = { validate: 'off' } as const;
    expect(await fingerprintOf([Drawn(data, at), drawn()], options)).toBe(fingerprint);
  });

  test('is the same for memory, for a file, for its reader', async () => {
    const store = tempStore();
    expect(await fingerprintOf([drawn(), drawn()], { store })).toBe(fingerprint);
    const reader = openStoreReader(store);
    expect(reader.fingerprint()).toBe(fingerprint);
    reader.close();
  });
});

describe('what would depend on timing is refused:', () => {
  test('an event without a time', async () => {
    const engine = await openTestEngine(DETERMINISTIC);
    const event = Seen({ key: 'a', number: 1, random: 0 });
    await expect(engine.publish(event)).rejects.toBeInstanceOf(NotDeterministicError);
    await expect(engine.publishMany([event])).rejects.toMatchObject(CODE);
    await expect(engine.append('a', [event])).rejects.toMatchObject(CODE);
    expect(() => engine.offer(event)).toThrow(expect.objectContaining(CODE));
    expect(engine.stats().accepted).toBe(0);
  });

  const strayed = (key: string) => Strayed({ id: 'one', key }, at);

  test('an aggregate under two keys', async () => {
    const engine = await openTestEngine(DETERMINISTIC);
    await engine.publish(strayed('k1'));
    await expect(engine.publish(strayed('k2'))).rejects.toMatchObject(CODE);
    expect(await engine.publish(strayed('k1'))).toEqual({ position: 2, version: 2 });
  });

  test('an aggregate under another key than before the store was reopened', async () => {
    const options = { ...DETERMINISTIC, store: tempStore() };
    const first = await openTestEngine(options);
    await first.publish(strayed('k1'));
    await first.close();
    const engine = await openTestEngine(options);
    await expect(engine.publish(strayed('k2'))).rejects.toMatchObject(CODE);
    expect(engine.stats().lastPosition).toBe(1);
  });

  test('an append under two keys, all of it', async () => {
    const engine = await openTestEngine(DETERMINISTIC);
    await expect(engine.append('one', [strayed('k1'), strayed('k2')])).rejects.toMatchObject(CODE);
    expect(engine.stats().accepted).toBe(0);
  });

  describe.each([0, 2])('%i threads', (threads) => {
    const stray = (id: string, key: string, emits: { id: string; key: string }) =>
      Stray({ id, key, emits }, at);

    test('a handler that emits to another key', async () => {
      const engine = await openTestEngine({ ...DETERMINISTIC, threads });
      const published = engine.publish(stray('a', 'k1', { id: 'b', key: 'k2' }), { until: 'handled' });
      const error = await published.catch((thrown) => thrown);
      expect(error).toMatchObject({ code: 'MILLRACE_HANDLER_FAILED', cause: CODE });
      expect(error.cause).toBeInstanceOf(NotDeterministicError);
      expect(error.cause.message).toContain("'k2'");
      expect(engine.stats()).toMatchObject({ accepted: 1, emitted: 0, parkedKeys: 1 });
    });

    test('handlers of two keys that emit to one aggregate: the later one fails, and nothing else', async () => {
      const engine = await openTestEngine({ ...DETERMINISTIC, threads });
      await engine.publish(stray('a', 'k1', { id: 'one', key: 'k1' }), { until: 'handled' });
      const published = engine.publish(stray('b', 'k2', { id: 'one', key: 'k2' }), { until: 'handled' });
      await expect(published).rejects.toMatchObject({ code: 'MILLRACE_HANDLER_FAILED', cause: CODE });
      expect(engine.stats()).toMatchObject({ parkedKeys: 1 });
    });
  });
});
