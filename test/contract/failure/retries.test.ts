import { describe, expect, test } from 'vitest';
import { Parking } from '../../handlers/events.mjs';
import { collect } from '../../support/collect.js';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';

describe.each(INLINE_AND_THREADS)('a handler that fails and is tried again: %i threads', (threads) => {
  const open = () => openTestEngine({ threads, handlers: [handlers('failing')] });

  test.each([
    false,
    true,
  ])('succeeds in the end (async: %s); only that try leaves anything', async (async) => {
    const engine = await open();
    await engine.publish(Parking({ id: 'a', number: 1, failures: 2, async }), { until: 'handled' });
    const tried = await collect(engine, { types: ['failing.tried'] });
    expect(tried.map(({ data }) => data)).toEqual([{ id: 'a', number: 1, attempt: 3 }]);
    expect(engine.stats()).toMatchObject({ failed: 2, retried: 2, parkedKeys: 0, handled: 2, emitted: 1 });
  });

  test('holds the later events of its key behind it', async () => {
    const engine = await open();
    const numbers = [1, 2, 3];
    await engine.publishMany([
      ...numbers.map((number) => Parking({ id: 'slow', number, failures: number === 1 ? 2 : 0 })),
      ...numbers.map((number) => Parking({ id: 'free', number })),
    ]);
    await engine.drain();
    const tried = await collect(engine, { types: ['failing.tried'] });
    const order = tried.map(({ data }) => data as { id: string; number: number; attempt: number });
    const of = (key: string) =>
      order.filter(({ id }) => id === key).map(({ number, attempt }) => [number, attempt]);
    expect(of('free')).toEqual(numbers.map((number) => [number, 1]));
    expect(of('slow')).toEqual([
      [1, 3],
      [2, 1],
      [3, 1],
    ]);
  });

  test('an event behind a retried one is on its own first try', async () => {
    const engine = await open();
    const retried = new Promise<void>((resolve) => {
      // The retry is on its way once its key has been tried again; later events arrive while it runs.
      const look = () => (engine.stats().retried > 0 ? resolve() : setImmediate(look));
      look();
    });
    engine.offer(Parking({ id: 'a', number: 1, failures: 2, async: true }));
    await retried;
    const rest = Array.from({ length: 200 }, (_, index) =>
      Parking({ id: 'a', number: index + 2, async: true }),
    );
    await engine.publishMany(rest);
    await engine.drain();
    const tried = await collect(engine, { types: ['failing.tried'] });
    const attempts = tried.map(({ data }) => (data as { attempt: number }).attempt);
    expect(attempts).toEqual([3, ...rest.map(() => 1)]);
  });
});
