import { expect, test } from 'vitest';
import { MemoryStore } from '../../dist/src/store/memory-store.js';
import { Posted } from '../handlers/posted.mjs';
import { collect } from '../support/collect.js';
import { openTestEngine } from '../support/open-test-engine.js';

/** Bytes that the process holds for its data. */
function used(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test('a log in memory takes little more than its events, also when each was committed alone', async () => {
  const engine = await openTestEngine({ events: [Posted], validate: 'off' });
  const publish = async (from: number, count: number) => {
    for (let number = from; number < from + count; number++) {
      await engine.publish(Posted({ id: 'a', key: 'a', value: number }));
    }
  };
  await publish(0, 5000);
  const before = used();
  const count = 20_000;
  await publish(5000, count);
  // Columns of 44 bytes and a payload of 12; a piece of its own for each commit took 2,100.
  expect((used() - before) / count).toBeLessThan(600);
  const [first] = await collect(engine, { fromPosition: 12_345 });
  expect(first).toMatchObject({ position: 12_345, version: 12_345, data: { value: 12_344 } });
  expect((await collect(engine, { aggregateId: 'a', fromVersion: 24_990 })).length).toBe(11);
});

test('it counts what it takes, and drops the oldest events when that is too much', async () => {
  const engine = await openTestEngine({ events: [Posted], validate: 'off' });
  const value = 'x'.repeat(8 * 1024 * 1024);
  for (let number = 1; number <= 40; number++) await engine.publish(Posted({ id: 'a', key: 'a', value }));
  await expect(collect(engine)).rejects.toMatchObject({ code: 'MILLRACE_NOT_RETAINED' });
  const kept = await collect(engine, { fromPosition: 12 });
  expect(kept.map(({ position }) => position)).toEqual(Array.from({ length: 29 }, (_, index) => index + 12));
  expect(new MemoryStore('run').location).toBe('memory');
});
