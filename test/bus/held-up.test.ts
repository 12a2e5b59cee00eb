import { renameSync } from 'node:fs';
import type { BusHandler, EventBus } from 'millrace/bus';
import { describe, expect, test } from 'vitest';
import { Noted } from '../handlers/events.mjs';
import { oneTo } from '../support/collect.js';
import { tempStore } from '../support/temp-folder.js';
import { BACKENDS, HANDLED, Holder, note, quietly, settle, startBus } from './support.js';

const HOUR = 3_600_000;

/** A subscriber that holds the keys that begin with `bad`, and notes the order of all. */
function holdingBad() {
  const holder = new Holder();
  const orders = new Map<string, unknown[]>();
  const handle: BusHandler = async (event, context) => {
    if (event.aggregateId.startsWith('bad')) await holder.handle(event, context);
    const { value } = event.data as { value: unknown };
    orders.set(event.aggregateId, [...(orders.get(event.aggregateId) ?? []), value]);
  };
  return { holder, orders, handle };
}

/** Publishes events of other keys, and resolves when each of them is handled. */
async function publishGood(bus: EventBus, count: number): Promise<void> {
  for (const value of oneTo(count)) await bus.publish(note(`good-${value % 7}`, value), HANDLED);
}

describe.each(BACKENDS)('one bad key stops only itself: $backend', ({ backend, store }) => {
  test('subscribers that never end, as many as there are workers', async () => {
    const { holder, handle, orders } = holdingBad();
    const bus = await startBus({ ...store(), workers: 4 }, (own) => own.subscribe('**', handle));
    for (const value of oneTo(4)) await bus.publish(note(`bad-${value}`, value));
    await holder.has(4);
    await publishGood(bus, 100);
    expect([...orders.values()].flat()).toHaveLength(100);
    expect(holder.held).toHaveLength(4);
    expect(bus.health()).toMatchObject({
      status: 'DEGRADED',
      reasons: [
        expect.stringContaining('4 subscribers are under way for up to 1 s: handle with note.noted at'),
      ],
    });
    holder.open();
    await bus.drain();
    expect(bus.health()).toEqual({ status: 'HEALTHY', reasons: [] });
    expect(bus.statistics()).toMatchObject({ processed: 104, queueSize: 0 });
  });

  test('a subscriber that hangs on a key with more events than the queue may have', async () => {
    const { holder, handle, orders } = holdingBad();
    const bus = await startBus({ ...store(), maxQueueSize: 20, workers: 4 }, (own) => {
      own.subscribe('**', handle);
    });
    const bad = oneTo(100).map((value) => quietly(bus.publish(note('bad', value))));
    await holder.has(1);
    await publishGood(bus, 100);
    expect(orders.get('bad')).toBeUndefined();
    expect(bus.health().reasons).toContainEqual(expect.stringMatching(/events wait in the log behind 1 key/));
    holder.open();
    await Promise.all(bad);
    await bus.drain();
    expect(orders.get('bad')).toEqual(oneTo(100));
    expect(bus.statistics()).toMatchObject({ published: 200, processed: 200, queueSize: 0 });
  });

  test('a key that waits for a retry, with more events than the queue may have', async () => {
    const heard: number[] = [];
    const bus = await startBus({ ...store(), maxQueueSize: 10, workers: 1 }, (own) => {
      own.subscribe(
        Noted,
        ({ aggregateId, data }) => {
          if (aggregateId === 'bad') throw new Error('later');
          heard.push(data.value);
        },
        { retries: 1, retryDelayMs: HOUR },
      );
    });
    for (const value of oneTo(50)) quietly(bus.publish(note('bad', value)));
    await publishGood(bus, 50);
    expect(heard).toEqual(oneTo(50));
    expect(bus.statistics()).toMatchObject({ processed: 50, failed: 0 });
    expect(bus.health().reasons.join()).toContain('1 wait for a retry');
  });

  test('a slow key: others do not go at its pace', async () => {
    const { holder, handle, orders } = holdingBad();
    const bus = await startBus({ ...store(), maxQueueSize: 10, workers: 2 }, (own) => {
      own.subscribe('**', handle);
    });
    for (const value of oneTo(40)) quietly(bus.publish(note('bad', value)));
    for (const step of oneTo(5)) {
      await holder.has(1);
      await publishGood(bus, 20);
      expect(orders.get('bad') ?? []).toHaveLength(step - 1);
      holder.release();
    }
    holder.open();
    await bus.drain();
    expect(orders.get('bad')).toEqual(oneTo(40));
  });

  test('what fills the queue through the engine: lanes and other users of the log', async () => {
    const { holder, handle, orders } = holdingBad();
    const bus = await startBus({ ...store(), maxQueueSize: 20 }, (own) => own.subscribe('**', handle));
    await bus.engine.publishMany(oneTo(60).map((value) => note('bad', value)));
    await holder.has(1);
    await publishGood(bus, 30);
    holder.open();
    await bus.drain();
    expect(orders.get('bad')).toEqual(oneTo(60));
  });

  test('many bad keys come back in order, each in its own', async () => {
    const { holder, handle, orders } = holdingBad();
    const bus = await startBus({ ...store(), maxQueueSize: 100, workers: 8 }, (own) => {
      own.subscribe('**', handle);
    });
    const bad = oneTo(600).map((value) => quietly(bus.publish(note(`bad-${value % 6}`, value))));
    await holder.has(6);
    await publishGood(bus, 20);
    holder.open();
    await Promise.all(bad);
    await bus.drain();
    for (const key of oneTo(6)) {
      const own = oneTo(600).filter((value) => value % 6 === key % 6);
      expect(orders.get(`bad-${key % 6}`)).toEqual(own);
    }
  });

  if (backend === 'memory') {
    test('a publisher of the bad key waits when it has its share, in order and until its signal aborts', async () => {
      const { holder, handle, orders } = holdingBad();
      const bus = await startBus({ maxQueueSize: 4, workers: 4 }, (own) => own.subscribe('**', handle));
      const bad = [];
      for (const value of oneTo(30)) {
        bad.push(quietly(bus.publish(note('bad', value))));
        await settle();
      }
      const { queueSize } = bus.statistics();
      expect(queueSize).toBeLessThan(12);
      const signal = AbortSignal.abort(new Error('gone'));
      await expect(bus.publish(note('bad', 31), { signal })).rejects.toThrow('gone');
      await publishGood(bus, 10);
      holder.open();
      await Promise.all(bad);
      await bus.drain();
      expect(orders.get('bad')).toEqual(oneTo(30));
    });

    test('where publishers are refused, only those of the bad key are', async () => {
      const { handle } = holdingBad();
      const bus = await startBus({ maxQueueSize: 4, whenFull: 'refuse' }, (own) =>
        own.subscribe('**', handle),
      );
      const refused: unknown[] = [];
      for (const value of oneTo(30)) {
        await bus.publish(note('bad', value)).catch((error: unknown) => refused.push(error));
        await settle();
      }
      expect(refused.length).toBeGreaterThan(15);
      expect(refused.at(-1)).toMatchObject({ code: 'MILLRACE_QUEUE_FULL', details: { key: 'bad' } });
      await publishGood(bus, 10);
    });
  } else {
    test('after a failure of the engine what waits behind the bad key still comes, in order', async () => {
      const path = tempStore();
      const { handle, orders, holder } = holdingBad();
      const bus = await startBus({ store: path, durability: 'os', maxQueueSize: 10 }, (own) => {
        own.subscribe('**', handle);
      });
      await bus.publishBatch(oneTo(50).map((value) => note('bad', value)));
      await holder.has(1);
      renameSync(path, `${path}.away`);
      await expect(bus.publish(note('good', 1))).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
      // It comes to what it has to read while nothing can be read.
      const { read } = bus.engine;
      bus.engine.read = () => {
        throw new Error('the file is away');
      };
      holder.open();
      await settle();
      expect(orders.get('bad')?.length).toBeLessThan(50);
      await expect(bus.drain()).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
      renameSync(`${path}.away`, path);
      bus.engine.read = read;
      await bus.engine.recover();
      await bus.drain();
      expect(orders.get('bad')).toEqual(oneTo(50));
    });

    test('a drain that waits when the engine fails says so', async () => {
      const path = tempStore();
      const holder = new Holder();
      const bus = await startBus({ store: path, durability: 'os' }, (own) =>
        own.subscribe('**', holder.handle),
      );
      await bus.publish(note('a', 1));
      await holder.has(1);
      const drained = quietly(bus.drain());
      renameSync(path, `${path}.away`);
      await expect(bus.publish(note('b', 2))).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
      await expect(drained).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
    });

    test('what waits behind the bad key is in the log: publishers do not wait, and the next start goes on', async () => {
      const path = tempStore();
      const { handle } = holdingBad();
      const bus = await startBus({ store: path, durability: 'os', maxQueueSize: 10 }, (own) => {
        own.subscribe('**', handle);
      });
      await bus.publishBatch(
        oneTo(200).map((value) => note(value % 2 === 0 ? 'bad' : `good-${value}`, value)),
      );
      await bus.stop({ signal: AbortSignal.abort() });
      const { orders, holder, handle: again } = holdingBad();
      holder.open();
      const next = await startBus({ store: path, durability: 'os' }, (own) => own.subscribe('**', again));
      await next.drain();
      expect(orders.get('bad')).toEqual(oneTo(100).map((value) => 2 * value));
    });
  }
});
