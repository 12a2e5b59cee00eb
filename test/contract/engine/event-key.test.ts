import { type DomainEvent, defineEvent } from 'millrace';
import { createEventBus } from 'millrace/bus';
import { createPublisher } from 'millrace/publisher';
import { openStoreReader } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Keyed, KeySeen, Plain } from '../../handlers/keyed-events.mjs';
import { collect } from '../../support/collect.js';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';

const EVENTS = [Keyed, Plain, KeySeen];
const keysOf = (events: readonly DomainEvent[]) => events.map(({ type, key }) => `${type} ${key}`);
const EXPECTED = ['keyed.keyed customer-1', 'keyed.plain order-2', 'keyed.seen seen-1', 'keyed.seen seen-2'];

describe.each([
  { threads: 0, durability: 'memory' },
  { threads: 0, durability: 'os' },
  { threads: 2, durability: 'os' },
] as const)('the key of an event: $threads threads, $durability', ({ threads, durability }) => {
  test('is its partition key, the aggregate id unless its type says otherwise, on every way', async () => {
    const store = storeFor(durability);
    const engine = await openTestEngine({
      ...{ events: EVENTS, threads, ...store, handlers: [handlers('keyed')] },
    });
    const heard: DomainEvent[] = [];
    const consumed: DomainEvent[] = [];
    engine.subscribeAll((event) => void heard.push(event));
    const consumer = await engine.consumers.start({
      name: 'c',
      handle: (event) => void consumed.push(event),
    });
    await engine.publish(Keyed({ order: 'order-1', customer: 'customer-1' }), { until: 'handled' });
    await engine.publish(Plain({ order: 'order-2' }));
    await engine.drain();
    await consumer.whenCaughtUp();
    const read = await collect(engine);
    expect(keysOf(read).sort()).toEqual(EXPECTED);
    expect(keysOf(heard)).toEqual(keysOf(read));
    expect(keysOf(consumed)).toEqual(keysOf(read));
    expect(JSON.parse(JSON.stringify(read[0]))).toMatchObject({ aggregateId: 'order-1', key: 'customer-1' });
    // What the lanes saw, they have emitted.
    const seen = read
      .filter(({ type }) => type === 'keyed.seen')
      .map(({ data }) => (data as { key: string }).key);
    expect(seen.sort()).toEqual(['customer-1', 'order-2']);
    if (store.store === undefined) return;
    await engine.close();
    using reader = openStoreReader(store.store);
    expect(keysOf([...reader.read()])).toEqual(keysOf(read));
  });
});

test('a publisher and a bus give it, too', async () => {
  const publisher = createPublisher({ events: EVENTS });
  const event = publisher.publish(Keyed({ order: 'order-1', customer: 'customer-1' }));
  expect(event).toMatchObject({ aggregateId: 'order-1', key: 'customer-1' });
  expect(publisher.publish(Plain({ order: 'order-2' })).key).toBe('order-2');
  const bus = createEventBus({ events: EVENTS });
  const heard: string[] = [];
  bus.subscribe(Keyed, ({ key }) => void heard.push(key));
  await bus.start();
  await bus.publish(Keyed({ order: 'order-1', customer: 'customer-1' }), { until: 'handled' });
  await bus.stop();
  expect(heard).toEqual(['customer-1']);
});

test('it is what the log had when the event was stored, whatever its type says by now', async () => {
  const store = storeFor('os');
  const engine = await openTestEngine({ events: EVENTS, ...store });
  await engine.publish(Keyed({ order: 'order-1', customer: 'customer-1' }));
  await engine.close();
  const Rekeyed = defineEvent('keyed.keyed', {
    schema: z.object({ order: z.string(), customer: z.string() }),
    aggregateId: ({ order }) => order,
  });
  const again = await openTestEngine({ events: [Rekeyed, Plain, KeySeen], ...store });
  expect(keysOf(await collect(again))).toEqual(['keyed.keyed customer-1']);
});
