import { describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { startHearing } from '../../support/heard.js';
import { openTestEngine, storeFor } from '../../support/open-test-engine.js';

const KEYS = 7;
const COUNT = 1400;

/** Ways in which a handler spends its time; each key has them all. */
const PACES: readonly (() => unknown)[] = [
  () => undefined,
  () => Promise.resolve(),
  () => new Promise((resolve) => setImmediate(resolve)),
  () => new Promise((resolve) => setTimeout(resolve, 1)),
];

describe.each(['memory', 'os'] as const)('order of a consumer: %s', (durability) => {
  test.each([
    1, 2, 8, 256,
  ])('%i at once: each key in order, one at a time, every event once', async (concurrency) => {
    const engine = await openTestEngine(storeFor(durability));
    await engine.publishMany(oneTo(COUNT / 2).map((value) => Noted({ note: `n${value % KEYS}`, value })));
    const byKey = new Map<string, number[]>();
    const running = new Set<string>();
    const tries = new Map<number, number>();
    let most = 0;
    const { consumer } = await startHearing(engine, {
      ...{ concurrency, retries: 1, retryDelayMs: 1 },
      handle: async ({ key, position }) => {
        expect(running.has(key)).toBe(false);
        running.add(key);
        most = Math.max(most, running.size);
        try {
          await PACES[position % PACES.length]?.();
          tries.set(position, (tries.get(position) ?? 0) + 1);
          if (position % 97 === 0 && tries.get(position) === 1) throw new Error('once');
          byKey.set(key, [...(byKey.get(key) ?? []), position]);
        } finally {
          running.delete(key);
        }
      },
    });
    await engine.publishMany(
      oneTo(COUNT / 2).map((value) => Noted({ note: `n${(value + COUNT / 2) % KEYS}`, value })),
    );
    await consumer.whenCaughtUp();
    expect(consumer.failures()).toEqual([]);
    for (const [key, positions] of byKey) {
      const number = Number(key.slice(1));
      expect(positions).toEqual(oneTo(COUNT).filter((position) => position % KEYS === number));
    }
    expect(byKey.size).toBe(KEYS);
    expect(most).toBe(Math.min(concurrency, KEYS));
    expect(consumer.status()).toMatchObject({ position: COUNT, lag: 0 });
  });
});

test('one at a time and without failures, it is the order of the log', async () => {
  const engine = await openTestEngine();
  const { consumer, heard } = await startHearing(engine);
  await engine.publishMany(oneTo(3000).map((value) => Noted({ note: `n${value % 11}`, value })));
  await consumer.whenCaughtUp();
  expect(heard.positions).toEqual(oneTo(3000));
});
