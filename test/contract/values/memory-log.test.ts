import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { Posted } from '../../handlers/posted.mjs';
import { collect } from '../../support/collect.js';
import { openTestEngine } from '../../support/open-test-engine.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes that the process holds for its data, garbage not counted. */
function used(): number {
  collectGarbage();
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
  await publish(0, 1000);
  const before = used();
  const count = 5000;
  await publish(1000, count);
  // Columns of 44 bytes and a payload of 12; a piece of its own for each commit took 2,100.
  expect((used() - before) / count).toBeLessThan(800);
  const [first] = await collect(engine, { fromPosition: 3456 });
  expect(first).toMatchObject({ position: 3456, version: 3456, data: { value: 3455 } });
  expect((await collect(engine, { aggregateId: 'a', fromVersion: 5990 })).length).toBe(11);
});

test('it counts what it takes, and drops the oldest events when that is too much', async () => {
  const engine = await openTestEngine({ events: [Posted], validate: 'off' });
  const value = 'x'.repeat(8 * 1024 * 1024);
  for (let number = 1; number <= 40; number++) await engine.publish(Posted({ id: 'a', key: 'a', value }));
  await expect(collect(engine)).rejects.toMatchObject({ code: 'MILLRACE_NOT_RETAINED' });
  const kept = await collect(engine, { fromPosition: 12 });
  expect(kept.map(({ position }) => position)).toEqual(Array.from({ length: 29 }, (_, index) => index + 12));
});
