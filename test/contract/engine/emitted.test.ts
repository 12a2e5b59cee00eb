import type { DomainEvent, Engine } from 'millrace';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Deposited, Parking } from '../../handlers/events.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { EVERY_ENGINE } from '../../support/executors.js';
import { handlers, openForTests, storeFor } from '../../support/open-test-engine.js';

describe.each(EVERY_ENGINE)('emitted events: $threads threads, $durability', ({ threads, durability }) => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await openForTests({
      threads,
      ...storeFor(durability),
      handlers: [handlers('account'), handlers('failing')],
    });
  });
  afterAll(() => engine.close());

  /** Publishes one deposit and returns the whole chain that it led to. */
  async function chain(account: string, options?: Parameters<typeof Deposited>[1]): Promise<DomainEvent[]> {
    await engine.publish(Deposited({ account, amount: 1 }, options));
    await engine.drain();
    const ids = [account, `ledger-${account}`, `audit-${account}`];
    return (await Promise.all(ids.map((aggregateId) => collect(engine, { aggregateId })))).flat();
  }

  test('are handled like any other, and get numbers of their own', async () => {
    const [deposit, credit, audit, ...more] = await chain('numbers');
    expect(more).toEqual([]);
    expect([deposit?.type, credit?.type, audit?.type]).toEqual([
      'account.deposited',
      'ledger.credited',
      'audit.recorded',
    ]);
    expect([deposit?.version, credit?.version, audit?.version]).toEqual([1, 1, 1]);
    expect(credit?.position).toBeGreaterThan(deposit?.position ?? 0);
    expect(audit?.position).toBeGreaterThan(credit?.position ?? 0);
    expect((await collect(engine)).map(({ position }) => position)).toEqual(
      oneTo(engine.stats().lastPosition),
    );
  });

  test('bear the id of their cause and the correlation id of the first event', async () => {
    const [deposit, credit, audit] = await chain('ids');
    expect(deposit?.metadata).toEqual({ correlationId: deposit?.id });
    expect(credit?.metadata).toEqual({ correlationId: deposit?.id, causationId: deposit?.id });
    expect(audit?.metadata).toEqual({ correlationId: deposit?.id, causationId: credit?.id });
  });

  test('keep the correlation id that the publisher gave', async () => {
    const [, credit, audit] = await chain('story', { correlationId: 'my-story' });
    expect(credit?.metadata.correlationId).toBe('my-story');
    expect(audit?.metadata.correlationId).toBe('my-story');
  });

  test('of one key keep the order of their causes', async () => {
    await engine.publishMany(oneTo(300).map((amount) => Deposited({ account: 'ordered', amount })));
    await engine.drain();
    for (const aggregateId of ['ledger-ordered', 'audit-ordered']) {
      const events = await collect(engine, { aggregateId });
      expect(events.map(({ data }) => (data as { amount: number }).amount)).toEqual(oneTo(300));
      expect(events.map(({ version }) => version)).toEqual(oneTo(300));
    }
  });

  test('of a failed try are not stored', async () => {
    await engine.publish(Parking({ id: 'retried', number: 1, failures: 2 }), { until: 'handled' });
    const tried = await collect(engine, { aggregateId: 'tried-retried' });
    expect(tried.map(({ data, version }) => [(data as { attempt: number }).attempt, version])).toEqual([
      [3, 1],
    ]);
  });

  test('are counted', async () => {
    const before = engine.stats();
    await chain('counted');
    const after = engine.stats();
    expect(after.emitted - before.emitted).toBe(2);
    expect(after.accepted - before.accepted).toBe(3);
    expect(after.handled - before.handled).toBe(3);
  });
});
