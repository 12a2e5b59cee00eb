import { expect, test } from 'vitest';
import { MEMORY_STORE_BYTES } from '../../../dist/src/limits.js';
import { Noted } from '../../handlers/events.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { openTestEngine } from '../../support/open-test-engine.js';

test('a log in memory that has dropped events gives what it has of them, and says what is gone', async () => {
  const engine = await openTestEngine();
  const value = 'x'.repeat(4_000_000);
  await engine.publish(Noted({ note: 'old', value: 1 }));
  await engine.publish(Noted({ note: 'split', value: 1 }));
  await engine.publishMany(
    oneTo(Math.ceil(MEMORY_STORE_BYTES / value.length) + 20).map(() => Noted({ note: 'large', value })),
  );
  await engine.publish(Noted({ note: 'split', value: 2 }));
  await engine.publish(Noted({ note: 'new', value: 1 }));
  const gone = { code: 'MILLRACE_NOT_RETAINED', details: { firstPosition: expect.any(Number) } };

  expect(await engine.last('new')).toMatchObject({ version: 1 });
  expect(await engine.last('split')).toMatchObject({ version: 2 });
  await expect(engine.last('old')).rejects.toMatchObject(gone);
  expect(await collect(engine, { aggregateId: 'split', fromVersion: 2 })).toMatchObject([{ version: 2 }]);
  expect(await collect(engine, { aggregateId: 'split', fromVersion: 3 })).toEqual([]);
  await expect(collect(engine, { aggregateId: 'split' })).rejects.toMatchObject(gone);
  expect(await collect(engine, { aggregateId: 'new' })).toHaveLength(1);

  const seen: number[] = [];
  const all = (async () => {
    for await (const { position } of engine.read({ direction: 'backwards' })) seen.push(position);
  })();
  const error = await all.catch((thrown) => thrown);
  expect(error).toMatchObject(gone);
  const last = engine.stats().lastPosition;
  expect(seen).toEqual(
    oneTo(last)
      .filter((position) => position >= error.details.firstPosition)
      .reverse(),
  );
});

test('an aggregate that is read backwards gives what is kept of it, and says what is gone', async () => {
  const engine = await openTestEngine({ memoryBytes: 1_500_000 });
  const others = oneTo(300).map((value) => Noted({ note: 'other', value }));
  const positions: number[] = [];
  for (const value of oneTo(150)) {
    positions.push((await engine.publish(Noted({ note: 'a', value }))).position);
    await engine.publishMany(others);
  }
  const seen: number[] = [];
  const reading = (async () => {
    for await (const { version } of engine.read({ aggregateId: 'a', direction: 'backwards' }))
      seen.push(version);
  })();
  const error = await reading.catch((thrown) => thrown);
  expect(error).toMatchObject({ code: 'MILLRACE_NOT_RETAINED' });
  const { firstPosition } = error.details;
  const kept = oneTo(150).filter((version) => (positions[version - 1] ?? 0) >= firstPosition);
  expect(kept.length).toBeGreaterThan(1);
  expect(kept.length).toBeLessThan(150);
  expect(seen).toEqual(kept.reverse());
  expect(
    await collect(engine, { aggregateId: 'a', types: [Noted], direction: 'backwards', limit: 1 }),
  ).toMatchObject([{ version: 150 }]);
});
