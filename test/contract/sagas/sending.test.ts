import { openStoreReader, verifyStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { Added, Box } from '../../handlers/saga-box.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { ENGINES, INLINE_AND_THREADS } from '../../support/executors.js';
import { storeFor } from '../../support/open-test-engine.js';
import { asked, boxesOf, heardIn, noticesOf, openSaga } from '../../support/sagas.js';

describe.each(ENGINES)('a command of a handler, $threads threads, $durability', ({ threads, durability }) => {
  const open = (options = {}) => openSaga({ threads, ...storeFor(durability), ...options });

  test('is done once the event is durable, in the order of sending, and drain waits for all that follows', async () => {
    const engine = await open();
    for (const n of oneTo(50))
      await engine.publish(
        asked('k', [
          { to: 'a', n },
          { to: `b${n % 3}`, n },
        ]),
      );
    await engine.drain();
    const { a, ...others } = await boxesOf(engine);
    expect(a).toEqual(oneTo(50));
    expect(
      Object.values(others)
        .flat()
        .sort((x, y) => x - y),
    ).toEqual(oneTo(50));
    expect(await heardIn(engine)).toBe(100);
    expect(engine.stats().commands).toMatchObject({
      executed: 100,
      sent: 100,
      inFlight: 0,
      pending: 0,
      held: 0,
    });
    await engine.close();
  });

  test('tells its events what led to them', async () => {
    const engine = await open();
    const { position } = await engine.publish(asked('k', [{ to: 'a', n: 1 }]));
    await engine.drain();
    const [cause] = await collect(engine, { fromPosition: position, limit: 1 });
    const [added] = await collect(engine, { types: [Added] });
    expect(added?.metadata).toMatchObject({
      causationId: cause?.id,
      correlationId: cause?.metadata.correlationId,
    });
  });

  test('is not kept when its event fails, and is sent once when a later try succeeds', async () => {
    const engine = await open();
    for (const [n, end] of (['throw', 'throw-once', 'slow', 'ok'] as const).entries()) {
      await engine.publish(asked(`k${n}`, [{ to: 'a', n }], end));
    }
    await engine.drain();
    expect((await boxesOf(engine)).a?.sort()).toEqual([1, 2, 3]);
  });

  test('may lead to others, from aggregate to aggregate', async () => {
    const engine = await open();
    const chain = {
      to: 'a',
      n: 1,
      next: [
        {
          to: 'b',
          n: 2,
          next: [
            { to: 'c', n: 3 },
            { to: 'a', n: 4 },
          ],
        },
      ],
    };
    await engine.publish(asked('k', [chain]));
    await engine.drain();
    expect(await boxesOf(engine)).toEqual({ a: [1, 4], b: [2], c: [3] });
  });
});

describe.each(INLINE_AND_THREADS)('what a command of a handler comes to, %i threads', (threads) => {
  test('a refusal is an answer: the owner is told, and nothing is left', async () => {
    const engine = await openSaga({ threads, ...storeFor('os') });
    const told = noticesOf(engine);
    await engine.publish(
      asked('k', [
        { to: 'a', what: 'refuse', n: 3 },
        { to: 'a', n: 1 },
      ]),
    );
    await engine.drain();
    expect(await boxesOf(engine)).toEqual({ a: [1] });
    expect(told).toMatchObject([
      {
        kind: 'command-refused',
        aggregate: 'box',
        aggregateId: 'a',
        command: 'refuse',
        position: 1,
        handler: 'saga',
      },
    ]);
    expect(told[0]?.error).toMatchObject({ code: 'MILLRACE_COMMAND_REFUSED', details: { rule: 'never' } });
    expect(engine.stats().commands).toMatchObject({ executed: 1, refused: 1, pending: 0, held: 0 });
    expect(engine.heldCommands()).toEqual([]);
  });

  test('a failure is tried again, then held, listed, and holds up nobody', async () => {
    const options = { threads, ...storeFor('os') };
    const engine = await openSaga(options);
    const told = noticesOf(engine);
    await engine.publish(
      asked('k', [
        { to: 'a', what: 'throw', n: 3 },
        { to: 'a', n: 1 },
        { to: 'b', n: 2 },
      ]),
    );
    await engine.drain();
    expect(await boxesOf(engine)).toEqual({ a: [1], b: [2] });
    expect(engine.heldCommands()).toMatchObject([
      { aggregate: 'box', aggregateId: 'a', command: 'throw', attempts: 8, error: { message: 'broken 3' } },
    ]);
    expect(told).toMatchObject([{ kind: 'command-held', attempts: 8 }]);
    expect(engine.health()).toMatchObject({ status: 'DEGRADED' });
    expect(engine.metrics.prometheus()).toContain('millrace_held_commands 1');
    await engine.close();
    const store = options.store as string;
    expect(verifyStore(store).problems).toEqual([]);
    using reader = openStoreReader(store);
    expect([...reader.commands()]).toMatchObject([
      { aggregate: 'box', aggregateId: 'a', command: 'throw', input: { n: 3 }, key: 'k', handler: 'saga' },
    ]);
    expect(reader.summary().commands).toBe(1);
  });

  test('one that is held goes on when it is told to, and at the next opening', async () => {
    const options = { threads, ...storeFor('os') };
    const path = `${options.store}.cured`;
    const engine = await openSaga(options);
    const { writeFileSync, rmSync } = await import('node:fs');
    await engine.publish(asked('k', [{ to: 'a', what: 'when', path, n: 1 }]));
    await engine.drain();
    expect(engine.retryCommands()).toBe(1);
    await engine.drain();
    expect(engine.heldCommands()).toHaveLength(1);
    writeFileSync(path, '');
    expect(engine.retryCommands()).toBe(1);
    await engine.drain();
    expect(await boxesOf(engine)).toEqual({ a: [1] });
    rmSync(path);
    await engine.publish(asked('k', [{ to: 'a', what: 'when', path, n: 2 }]));
    await engine.drain();
    await engine.close();
    writeFileSync(path, '');
    const again = await openSaga(options);
    await again.recovered;
    expect(await boxesOf(again)).toEqual({ a: [1, 2] });
    expect(again.heldCommands()).toEqual([]);
    await again.close();
    using reader = openStoreReader(options.store as string);
    expect([...reader.commands()]).toEqual([]);
  });

  test('an aggregate that is on no lane any more holds its commands, and has them when it is back', async () => {
    const options = { threads, ...storeFor('os') };
    const engine = await openSaga(options);
    await engine.publish(asked('k', [{ to: 'a', what: 'throw', n: 1 }]));
    await engine.drain();
    await engine.close();
    const without = await openSaga({ ...options, aggregates: [], handlers: [] });
    await without.recovered;
    expect(without.heldCommands()).toMatchObject([{ error: { code: 'MILLRACE_UNKNOWN_AGGREGATE' } }]);
    await without.close();
    const back = await openSaga(options);
    await back.recovered;
    expect(back.heldCommands()).toMatchObject([{ error: { message: 'broken 1' } }]);
  });

  test('a query sees what it has done', async () => {
    const engine = await openSaga({ threads });
    await engine.publish(
      asked('k', [
        { to: 'a', n: 1 },
        { to: 'a', n: 2, what: 'late' },
      ]),
    );
    await engine.drain();
    expect(await engine.query(Box, 'a', (numbers) => numbers)).toEqual([1, 2]);
  });
});

test('a command that ends its thread is tried twice, then held, and its lane goes on', async () => {
  const engine = await openSaga({ threads: 2, ...storeFor('os') });
  await engine.publish(
    asked('k', [
      { to: 'a', what: 'die' },
      { to: 'a', n: 1 },
      { to: 'b', n: 2 },
    ]),
  );
  await engine.drain();
  expect(engine.heldCommands()).toMatchObject([{ command: 'die', error: { code: 'MILLRACE_LANE_CRASHED' } }]);
  expect(await boxesOf(engine)).toEqual({ a: [1], b: [2] });
});
