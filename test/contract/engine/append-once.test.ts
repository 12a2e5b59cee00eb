import type { AppendOptions } from 'millrace';
import { describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { openForTests, openTestEngine, storeFor } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

const noted = (eventId: string, value: unknown = eventId) => Noted({ note: 'a', value }, { eventId });

describe.each(['memory', 'disk'] as const)('expectedVersion in words, %s', (durability) => {
  test('none, exists and any say what they mean', async () => {
    const engine = await openTestEngine(storeFor(durability));
    const append = (expectedVersion: AppendOptions['expectedVersion']) =>
      engine.append('a', [Noted({ note: 'a' })], { expectedVersion });
    await expect(append('exists')).rejects.toMatchObject({
      code: 'MILLRACE_CONCURRENCY',
      details: { aggregateId: 'a', expected: 'exists', actual: 0 },
    });
    expect(await append('none')).toMatchObject({ version: 1 });
    await expect(append('none')).rejects.toMatchObject({ details: { expected: 'none', actual: 1 } });
    expect(await append('exists')).toMatchObject({ version: 2 });
    expect(await append('any')).toMatchObject({ version: 3 });
    await expect(append('never' as never)).rejects.toMatchObject({ code: 'MILLRACE_INVALID_OPTION' });
    await expect(append(-1)).rejects.toMatchObject({ code: 'MILLRACE_INVALID_OPTION' });
  });
});

describe.each(['memory', 'disk'] as const)('events with ids, %s', (durability) => {
  test('are appended once, whatever version is expected', async () => {
    const engine = await openTestEngine(storeFor(durability));
    const events = () => [noted('one'), noted('two')];
    const first = await engine.append('a', events(), { expectedVersion: 0 });
    await engine.append('a', [noted('three')]);
    for (const expectedVersion of [0, 'none', 'exists', 'any', 3, undefined] as const) {
      expect(await engine.append('a', events(), { expectedVersion })).toEqual(first);
    }
    expect((await collect(engine)).map(({ metadata }) => metadata.eventId)).toEqual(['one', 'two', 'three']);
    // At another version than the one they were appended at, and not there at all.
    await expect(engine.append('a', [noted('four')], { expectedVersion: 1 })).rejects.toMatchObject({
      code: 'MILLRACE_CONCURRENCY',
    });
  });

  test('are appended once by callers who do not wait for each other', async () => {
    const engine = await openTestEngine(storeFor(durability));
    const receipts = await Promise.all(
      Array.from({ length: 20 }, (_, index) => engine.append('a', [noted(`id ${index % 4}`)])),
    );
    expect(await collect(engine)).toHaveLength(4);
    receipts.forEach((receipt, index) => {
      expect(receipt).toEqual(receipts[index % 4]);
    });
  });

  test('beside others than the first time are refused', async () => {
    const engine = await openTestEngine(storeFor(durability));
    await engine.append('a', [noted('one'), noted('two')]);
    for (const ids of [
      ['two', 'one'],
      ['one', 'three'],
      ['two', 'three'],
      ['zero', 'one'],
    ]) {
      await expect(
        engine.append(
          'a',
          ids.map((id) => noted(id)),
        ),
      ).rejects.toMatchObject({
        code: 'MILLRACE_EVENT_ID_TAKEN',
        details: { aggregateId: 'a' },
      });
    }
    expect(await collect(engine)).toHaveLength(2);
  });

  test('must have one each, of a form that can be stored', async () => {
    const engine = await openTestEngine(storeFor(durability));
    const refused = { code: 'MILLRACE_INVALID_OPTION' };
    await expect(engine.append('a', [noted('one'), Noted({ note: 'a' })])).rejects.toMatchObject(refused);
    await expect(engine.append('a', [noted('one'), noted('one')])).rejects.toMatchObject(refused);
    for (const eventId of ['', 'x'.repeat(257), '\ud800', 5 as never]) {
      await expect(engine.append('a', [noted(eventId)])).rejects.toMatchObject(refused);
      await expect(engine.publish(noted(eventId))).rejects.toMatchObject(refused);
    }
    expect(await collect(engine)).toEqual([]);
  });
});

test('events with ids are found again after a restart, and far behind when their version is named', async () => {
  const store = tempStore();
  const before = await openForTests({ store, durability: 'os' });
  const first = await before.append('a', [noted('one')], { expectedVersion: 0 });
  await before.publishMany(Array.from({ length: 300 }, (_, value) => Noted({ note: 'a', value })));
  const last = await before.append('a', [noted('last')]);
  await before.close();
  const engine = await openTestEngine({ store, durability: 'os' });
  expect(await engine.append('a', [noted('last')])).toEqual(last);
  expect(await engine.append('a', [noted('one')], { expectedVersion: 'none' })).toEqual(first);
  // Beyond the window it is another event.
  expect(await engine.append('a', [noted('one')])).toMatchObject({ version: 303 });
});

describe.each(['memory', 'disk'] as const)('an append that reaches beyond the window, %s', (durability) => {
  const batch = (count: number, from = 0) => oneTo(count).map((value) => noted(`id ${from + value}`, value));

  test('is seen whole when a part of it is within', async () => {
    const engine = await openTestEngine(storeFor(durability));
    const first = await engine.append('a', batch(300));
    expect(await engine.append('a', batch(300))).toEqual(first);
    expect(await engine.append('a', batch(300), { expectedVersion: 'exists' })).toEqual(first);
    await engine.publishMany(oneTo(200).map(() => Noted({ note: 'a' })));
    // 56 of them are among the newest 256.
    for (const expectedVersion of ['any', 0, 5, 499] as const) {
      expect(await engine.append('a', batch(300), { expectedVersion })).toEqual(first);
    }
    expect(await engine.last('a')).toMatchObject({ version: 500 });
  });

  test('is refused when the rest of it is something else', async () => {
    const engine = await openTestEngine(storeFor(durability));
    const first = await engine.append('a', batch(10));
    await engine.publishMany(oneTo(251).map(() => Noted({ note: 'a' })));
    const taken = { code: 'MILLRACE_EVENT_ID_TAKEN', details: { eventId: 'id 6', version: 6 } };
    for (const events of [
      [noted('other'), ...batch(9, 1)],
      [...batch(4), noted('other'), ...batch(5, 5)],
      batch(11),
      // It would have begun before the first version.
      [noted('zero'), ...batch(10)],
    ]) {
      await expect(engine.append('a', events)).rejects.toMatchObject(taken);
    }
    expect(await engine.append('a', batch(8, 2))).toEqual(first);
  });
});

test('in memory an append is done once as long as one of its events is kept', async () => {
  const engine = await openTestEngine({ memoryBytes: 1_500_000 });
  const others = oneTo(300).map((value) => Noted({ note: 'other', value }));
  const receipts = [];
  for (const round of oneTo(150)) {
    receipts.push(await engine.append('a', [noted(`${round}a`), noted(`${round}b`)]));
    await engine.publishMany(others);
  }
  const gone = await engine
    .read({ limit: 1 })
    .next()
    .catch((error) => error);
  const { firstPosition } = gone.details;
  expect(firstPosition).toBeGreaterThan(1);
  const kept = receipts.map(({ position }, index) => ({ position, round: index + 1 }));
  for (const { position, round } of kept.filter(({ position }) => position >= firstPosition)) {
    expect(await engine.append('a', [noted(`${round}a`), noted(`${round}b`)])).toMatchObject({ position });
  }
  expect(await engine.last('a')).toMatchObject({ version: 300 });
});
