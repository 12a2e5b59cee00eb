import type { DomainEvent } from 'millrace';
import { describe, expect, test } from 'vitest';
import { Noted, Stepped } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { BACKENDS, deferred, Holder, settle, startBus, valuesOf } from './support.js';

const HANDLED = { until: 'handled' } as const;
const note = (name: string, value: number) => Noted({ note: name, value });

describe.each(BACKENDS)('order on a bus: $backend', ({ store }) => {
  test('four workers: one event of a key at a time, in order, and four keys at once', async () => {
    const running = new Set<string>();
    const orders = new Map<string, number[]>();
    let most = 0;
    const handle = async ({ aggregateId, version }: DomainEvent) => {
      expect(running, 'keys under way').not.toContain(aggregateId);
      running.add(aggregateId);
      most = Math.max(most, running.size);
      // Some handlers take longer than others, so that without order per key they would overtake each other.
      for (let round = 0; round < (version * 7) % 5; round++) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      orders.set(aggregateId, [...(orders.get(aggregateId) ?? []), version]);
      running.delete(aggregateId);
    };
    const bus = await startBus({ ...store(), workers: 4 }, (own) => own.subscribe('**', handle));
    await bus.publishBatch(
      oneTo(300).map((value) => note(`key-${value % 10}`, value)),
      HANDLED,
    );
    expect(await bus.failedEvents.list()).toEqual([]);
    expect([...orders.values()]).toEqual(oneTo(10).map(() => oneTo(30)));
    expect(most).toBe(4);
  });

  test('never more keys at once than there are workers', async () => {
    const holder = new Holder();
    const bus = await startBus({ ...store(), workers: 2 }, (own) => own.subscribe('**', holder.handle));
    await bus.publishBatch(oneTo(6).map((value) => note(`key-${value}`, value)));
    await holder.has(2);
    await settle();
    expect(valuesOf(holder.held)).toEqual([1, 2]);
    holder.release();
    await holder.has(2);
    expect(valuesOf(holder.held)).toEqual([2, 3]);
    holder.open();
    await bus.drain();
  });

  test('a key waits behind an event that is tried again, and is in order after it', async () => {
    const calls: string[] = [];
    const bus = await startBus(store(), (own) => {
      own.subscribe(
        Noted,
        ({ data }, { attempt }) => {
          calls.push(`${data.value} try ${attempt}`);
          if (data.value === 1 && attempt < 3) throw new Error('not yet');
        },
        { retries: 2, retryDelayMs: 1 },
      );
    });
    await bus.publishBatch(
      oneTo(3).map((value) => note('a', value)),
      HANDLED,
    );
    expect(calls).toEqual(['1 try 1', '1 try 2', '1 try 3', '2 try 1', '3 try 1']);
  });

  test('other keys go on while one waits for its retry, however few workers there are', async () => {
    const heard: unknown[] = [];
    const hour = 3_600_000;
    const bus = await startBus({ ...store(), workers: 1 }, (own) => {
      own.subscribe(
        Noted,
        ({ aggregateId, data }) => {
          if (aggregateId === 'bad') throw new Error('later');
          heard.push(data.value);
        },
        { retries: 1, retryDelayMs: hour },
      );
    });
    await bus.publishBatch([note('bad', 1), note('bad', 2)]);
    for (const value of oneTo(3)) await bus.publish(note('good', value), HANDLED);
    expect(heard).toEqual([1, 2, 3]);
    expect(bus.statistics()).toMatchObject({ processed: 3, queueSize: 2, failed: 0 });
  });

  test('the key is the partition key, as on lanes', async () => {
    const { Keyed } = await import('./events.mjs');
    const holder = new Holder();
    const bus = await startBus({ ...store(), events: [Keyed] }, (own) => own.subscribe('**', holder.handle));
    await bus.publishBatch([
      Keyed({ id: 'a', account: 'x' }),
      Keyed({ id: 'b', account: 'x' }),
      Keyed({ id: 'c', account: 'y' }),
    ]);
    await holder.has(2);
    await settle();
    expect(holder.held.map(({ aggregateId }) => aggregateId)).toEqual(['a', 'c']);
    holder.open();
    await bus.drain();
  });

  test('subscribers of an event are awaited one after the other', async () => {
    const calls: string[] = [];
    const gate = deferred();
    const bus = await startBus(store(), (own) => {
      own.subscribe(Stepped, async () => {
        calls.push('first begins');
        await gate.promise;
        calls.push('first ends');
      });
      own.subscribe(Stepped, () => calls.push('second'));
    });
    const done = bus.publish(Stepped({ walk: 'a', key: 1, step: 1, pace: 'sync' }), HANDLED);
    await settle();
    expect(calls.filter((call) => call === 'second')).toEqual([]);
    gate.resolve();
    await done;
    expect(calls).toEqual(['first begins', 'first ends', 'second']);
  });
});
