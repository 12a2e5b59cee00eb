import type { Engine } from 'millrace';
import { PublishManyError } from 'millrace/errors';
import { describe, expect, test } from 'vitest';
import { Deposited, Skipping } from '../../handlers/events.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { numbered, openCurable } from '../../support/curable.js';
import { Gate } from '../../support/gate.js';
import { Illness } from '../../support/illness.js';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';

const ENGINES = [
  { threads: 0, durability: 'memory' },
  { threads: 1, durability: 'os' },
  { threads: 2, durability: 'disk' },
] as const;

/** Publishes without a pause until the returned function is called; there is never a moment with nothing in flight. */
function flood(engine: Engine): () => Promise<void> {
  let ended = false;
  const publisher = async (account: string) => {
    while (!ended) await engine.publish(Deposited({ account, amount: 1 }));
  };
  const publishers = oneTo(8).map((number) => publisher(`flood${number}`));
  return async () => {
    ended = true;
    await Promise.all(publishers);
  };
}

describe.each(ENGINES)('waiting while others publish: $threads threads, $durability', ({
  threads,
  durability,
}) => {
  // Few at a time: a publisher that never waits would leave the event loop no turn.
  const open = () =>
    openTestEngine({ threads, ...storeFor(durability), handlers: [handlers('account')], maxInFlight: 64 });

  test('drain ends, with what was accepted before it and what that led to', async () => {
    const engine = await open();
    const end = flood(engine);
    for (const amount of oneTo(50)) engine.offer(Deposited({ account: 'mine', amount }));
    await engine.drain();
    const audits = await collect(engine, { aggregateId: 'audit-mine' });
    await end();
    expect(audits).toHaveLength(50);
  });

  test('many drains end, each with its own', async () => {
    const engine = await open();
    const end = flood(engine);
    const drained = oneTo(8).map(async (number) => {
      engine.offer(Deposited({ account: `mine${number}`, amount: 1 }));
      await engine.drain();
      return (await collect(engine, { aggregateId: `audit-mine${number}` })).length;
    });
    expect(await Promise.all(drained)).toEqual(oneTo(8).map(() => 1));
    await end();
  });

  test("publishMany until 'handled' ends, with what its events led to", async () => {
    const engine = await open();
    const end = flood(engine);
    const deposits = oneTo(40).map((amount) => Deposited({ account: 'many', amount }));
    await engine.publishMany(deposits, { until: 'handled' });
    const audits = await collect(engine, { aggregateId: 'audit-many' });
    await end();
    expect(audits).toHaveLength(40);
  });

  test('fingerprint and trace end', async () => {
    const engine = await open();
    const end = flood(engine);
    expect(await engine.fingerprint()).toMatch(/^[0-9a-f]{64}$/);
    const { position } = await engine.publish(Deposited({ account: 'traced', amount: 1 }), {
      until: 'handled',
    });
    expect((await engine.trace({ position })).events).toBeGreaterThan(0);
    await end();
  });

  test('drain waits for those who waited for room when it was called', async () => {
    const engine = await openTestEngine({
      threads,
      ...storeFor(durability),
      handlers: [handlers('account')],
      maxInFlight: 2,
    });
    const published = oneTo(10).map((amount) => engine.publish(Deposited({ account: 'a', amount })));
    await engine.drain();
    expect(await collect(engine, { aggregateId: 'audit-a' })).toHaveLength(10);
    await Promise.all(published);
  });
});

describe.each(ENGINES)('what was not handled: $threads threads, $durability', ({ threads, durability }) => {
  const open = (illness: Illness) => openCurable({ threads, ...storeFor(durability) }, illness);
  const thrown = (promise: Promise<unknown>) =>
    promise.then(
      () => undefined,
      (error: unknown) => error,
    );

  test("publishMany until 'handled' names the events that failed, and those behind them", async () => {
    const { engine } = await open(new Illness(2));
    const events = [
      ...numbered('bad', [1, 2, 3]),
      ...numbered(
        'good',
        oneTo(20).map((number) => number + 100),
      ),
      Skipping({ id: 'skipped', number: 2 }),
    ];
    const error = await thrown(engine.publishMany(events, { until: 'handled' }));
    if (!(error instanceof PublishManyError)) throw error;
    expect(error.receipt).toEqual({ count: 24, firstPosition: 1, lastPosition: 24 });
    expect(error.failed).toBe(3);
    const found = error.failures.map(({ position, error: { name } }) => [position, name]);
    expect(found.sort(([a], [b]) => Number(a) - Number(b))).toEqual([
      [2, 'HandlerError'],
      [3, 'KeyParkedError'],
      [24, 'HandlerError'],
    ]);
    expect(engine.stats()).toMatchObject({ parkedKeys: 1, inFlight: 0 });
  });

  test("publishMany until 'handled' behind a key that is parked already says so, and until 'durable' does not", async () => {
    const { engine } = await open(new Illness(1));
    await thrown(engine.publish(numbered('bad', [1])[0] as never, { until: 'handled' }));
    const error = await thrown(engine.publishMany(numbered('bad', [2, 3]), { until: 'handled' }));
    expect(error).toMatchObject({ code: 'MILLRACE_PUBLISH_MANY', failed: 2 });
    expect(await engine.publishMany(numbered('bad', [4]))).toMatchObject({ count: 1 });
  });

  test('publishMany knows its own failures from those of others at the same time', async () => {
    const { engine } = await open(new Illness(1));
    const [bad, good] = await Promise.all([
      thrown(engine.publishMany(numbered('bad', [1]), { until: 'handled' })),
      engine.publishMany(numbered('good', [2, 3]), { until: 'handled' }),
    ]);
    expect(bad).toMatchObject({ failed: 1 });
    expect(good).toMatchObject({ count: 2 });
  });

  test("append until 'handled' tells of an event before the last one, too", async () => {
    const { engine } = await open(new Illness(1));
    const events = [1, 2].map((number) => Skipping({ id: 'a', number }));
    const error = await thrown(engine.append('a', events, { until: 'handled' }));
    expect(error).toMatchObject({ code: 'MILLRACE_HANDLER_FAILED', details: { position: 1 } });
  });

  test('publishMany waits for an event of a key that is being resumed, and hears when it is parked again', async () => {
    const gate = new Gate();
    const illness = new Illness(1);
    const { engine } = await openCurable(
      { threads, ...storeFor(durability), shared: { ...illness.shared, ...gate.shared } },
      illness,
    );
    await thrown(engine.publishMany(numbered('bad', [1]), { until: 'handled' }));
    await engine.publishMany(numbered('bad', [2], true));
    illness.begin(2);
    illness.end(1);
    await engine.deadLetters.retry(1);
    const later = thrown(engine.publishMany(numbered('bad', [3]), { until: 'handled' }));
    gate.open();
    expect(await later).toMatchObject({ code: 'MILLRACE_PUBLISH_MANY', failed: 1 });
    await engine.drain();
    expect(engine.stats()).toMatchObject({ parkedKeys: 1, inFlight: 0 });
  });
});
