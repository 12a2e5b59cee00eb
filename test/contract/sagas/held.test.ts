import { writeFileSync } from 'node:fs';
import { defineAggregate } from 'millrace/aggregates';
import { openStoreReader } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { Added } from '../../handlers/saga-box.mjs';
import { oneTo } from '../../support/collect.js';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { storeFor } from '../../support/open-test-engine.js';
import { asked, boxesOf, openSaga } from '../../support/sagas.js';

describe.each(INLINE_AND_THREADS)('held commands in deterministic mode, %i threads', (threads) => {
  test('are tried again in keys that are quiet, when they are told to and at the next opening', async () => {
    const options = { threads, deterministic: true, ...storeFor('os') };
    const path = `${options.store}.cured`;
    const engine = await openSaga(options);
    const sends = [{ to: 'k', what: 'when' as const, path, n: 1 }];
    await engine.publish({ ...asked('k', sends), options: { occurredAt: 1 } });
    await engine.drain();
    expect(engine.retryCommands()).toBe(1);
    await engine.drain();
    expect(engine.heldCommands()).toMatchObject([{ attempts: 8 }]);
    await engine.close();
    const again = await openSaga(options);
    await again.recovered;
    expect(again.heldCommands()).toMatchObject([{ attempts: 8 }]);
    writeFileSync(path, '');
    expect(again.retryCommands()).toBe(1);
    await again.close();
    const last = await openSaga(options);
    expect(await boxesOf(last)).toEqual({ k: [1] });
  });
});

test('commands of the log keep their order when those between them are held at once', async () => {
  const options = { threads: 0, ...storeFor('os') };
  const engine = await openSaga(options);
  // More than are read from the log at once.
  const numbers = oneTo(600);
  const sends = numbers.map((n) => ({
    to: 'a',
    n,
    what: n % 2 === 0 ? ('when' as const) : ('throw' as const),
  }));
  await engine.publish(asked('k', sends));
  await engine.drain();
  expect(engine.heldCommands()).toHaveLength(numbers.length);
  await engine.close();
  using reader = openStoreReader(options.store as string);
  const sent = (given = {}) => [...reader.commands(given)].map(({ number }) => number);
  expect(sent()).toEqual(numbers);
  expect(sent({ after: 590 })).toEqual(numbers.slice(590));
  expect(sent({ limit: 2 })).toEqual([1, 2]);
  expect(sent({ after: 299, limit: 300 })).toEqual(numbers.slice(299, 599));
  expect(sent({ after: 600 })).toEqual([]);
  const WithoutThrow = defineAggregate('box', {
    events: [Added],
    initial: () => 0,
    evolve: (count) => count + 1,
    commands: {
      when: (_count, { n }: { n: number }, ctx) => ctx.emit(Added({ box: ctx.aggregateId, n })),
    },
  });
  const again = await openSaga({ ...options, handlers: [], aggregates: [WithoutThrow] });
  await again.recovered;
  expect(await boxesOf(again)).toEqual({ a: numbers.filter((n) => n % 2 === 0) });
  expect(again.heldCommands()).toHaveLength(300);
});
