import { expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { Latch, startHearing } from '../../support/heard.js';
import { openTestEngine } from '../../support/open-test-engine.js';

/** Every tenth event is of key `k0`, the next one of `k1` and so on up to `k9`. */
const tenKeys = (count: number) => oneTo(count).map((value) => Noted({ note: `k${value % 10}`, value }));
const positionsOf = (key: number, count: number) => oneTo(count).filter((position) => position % 10 === key);

test('a parked key with few events in a long log gets all of them back, in order', async () => {
  const engine = await openTestEngine();
  let isBad = true;
  const heard: number[] = [];
  const { consumer } = await startHearing(engine, {
    handle: ({ key, position }) => {
      if (key === 'rare' && isBad) throw new Error('no');
      if (key === 'rare') heard.push(position);
    },
  });
  await engine.publishMany(oneTo(4000).map((value) => Noted({ note: value % 200 === 1 ? 'rare' : 'other' })));
  await consumer.whenCaughtUp();
  isBad = false;
  await consumer.retry(1);
  await consumer.whenCaughtUp();
  expect(heard).toEqual(oneTo(20).map((value) => 200 * value - 199));
  expect(consumer.status()).toMatchObject({ position: 4000, lag: 0 });
});

test('keys that come back all at once, and fill the queue while they are stuck, lose nothing', async () => {
  const engine = await openTestEngine();
  let isBad = true;
  const stuck = new Latch();
  const heard = new Map<string, number[]>();
  const { consumer } = await startHearing(engine, {
    concurrency: 64,
    handle: async ({ key, position }) => {
      if (isBad) throw new Error('no');
      await stuck.opened;
      heard.set(key, [...(heard.get(key) ?? []), position]);
    },
  });
  await engine.publishMany(tenKeys(4000));
  await consumer.whenCaughtUp();
  expect(consumer.status()).toMatchObject({ parkedKeys: 10, lag: 4000 });
  isBad = false;
  await Promise.all(consumer.failures().map(({ position }) => consumer.retry(position)));
  await expect.poll(() => consumer.status().inFlight).toBe(10);
  // Others have room while these ten are stuck.
  await engine.publish(Noted({ note: 'late' }));
  await expect.poll(() => consumer.status().inFlight, { timeout: 10_000 }).toBe(11);
  stuck.open();
  await consumer.whenCaughtUp();
  for (const key of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) {
    expect(heard.get(`k${key}`), `k${key}`).toEqual(positionsOf(key, 4000));
  }
  expect(consumer.status()).toMatchObject({ position: 4001, lag: 0, parkedKeys: 0 });
});
