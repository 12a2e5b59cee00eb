import type { DomainEvent } from 'millrace';
import type { BusNotice } from 'millrace/bus';
import { describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { BACKENDS, Holder, settle, startBus, valuesOf } from './support.js';

const HANDLED = { until: 'handled' } as const;
const note = (value: number, key = 'a') => Noted({ note: key, value });
const FULL = { code: 'MILLRACE_QUEUE_FULL' };

describe.each(BACKENDS)('the queue of a bus: $backend', ({ store }) => {
  /** A bus with room for three events, all of which, of three keys, are with a subscriber. */
  async function fullBus(options = {}) {
    const holder = new Holder();
    const bus = await startBus({ ...store(), maxQueueSize: 3, ...options }, (own) => {
      own.subscribe(Noted, holder.handle);
    });
    for (const value of oneTo(3)) await bus.publish(note(value, `first-${value}`));
    return { bus, holder };
  }

  test('at its limit publishers wait, and come in later in the order of their calls', async () => {
    const { bus, holder } = await fullBus();
    const waiting = [4, 5, 6].map((value) => bus.publish(note(value), HANDLED));
    await settle();
    expect(bus.statistics()).toMatchObject({ published: 3, queueSize: 3 });
    holder.open();
    const receipts = await Promise.all(waiting);
    expect(receipts.map(({ position }) => position)).toEqual([4, 5, 6]);
    expect(bus.statistics()).toMatchObject({ published: 6, processed: 6, queueSize: 0 });
  });

  test('at its limit a batch waits, and never holds more', async () => {
    const { bus, holder } = await fullBus();
    const batch = bus.publishBatch(oneTo(20).map((value) => note(value, `key-${value}`)));
    let most = 0;
    for (let released = 0; released < 23; released++) {
      await holder.has(1);
      most = Math.max(most, bus.statistics().queueSize);
      holder.release();
    }
    expect(await batch).toMatchObject({ count: 20 });
    await bus.drain();
    expect(most).toBe(3);
    expect(bus.statistics()).toMatchObject({ processed: 23, queueSize: 0 });
  });

  test('can refuse instead', async () => {
    const { bus, holder } = await fullBus({ whenFull: 'refuse' });
    await expect(bus.publish(note(4))).rejects.toMatchObject(FULL);
    await expect(bus.publishBatch([note(5)])).rejects.toMatchObject(FULL);
    expect(bus.statistics()).toMatchObject({ published: 3, queueSize: 3 });
    holder.open();
    await bus.drain();
    expect(await bus.publish(note(6), HANDLED)).toMatchObject({ position: 4 });
  });

  test('an event that is refused takes no room', async () => {
    const holder = new Holder();
    const bus = await startBus({ ...store(), maxQueueSize: 2 }, (own) => own.subscribe(Noted, holder.handle));
    for (let round = 0; round < 5; round++) {
      await expect(bus.publish({ type: 'note.noted', data: {} })).rejects.toMatchObject({
        code: 'MILLRACE_SCHEMA_MISMATCH',
      });
    }
    expect(await bus.publish(note(1))).toMatchObject({ position: 1 });
    expect(await bus.publish(note(2))).toMatchObject({ position: 2 });
    holder.open();
  });

  test('a waiting publisher goes when its signal aborts', async () => {
    const { bus, holder } = await fullBus();
    const reason = new Error('too slow');
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = [bus.publish(note(4), { signal }), bus.publishBatch([note(5)], { signal })];
    const stays = bus.publish(note(6));
    controller.abort(reason);
    const outcomes = await Promise.allSettled(waiting);
    expect(outcomes).toEqual(waiting.map(() => ({ status: 'rejected', reason })));
    await expect(bus.publish(note(7), { signal })).rejects.toBe(reason);
    await expect(bus.drain({ signal })).rejects.toBe(reason);
    holder.open();
    expect(await stays).toMatchObject({ position: 4 });
  });

  test('warns once at 80 %, and says when it is below 60 % again', async () => {
    const holder = new Holder();
    const notices: BusNotice[] = [];
    const bus = await startBus({ ...store(), maxQueueSize: 10 }, (own) => {
      own.subscribe(Noted, holder.handle);
      own.onNotice((notice) => notices.push(notice));
    });
    for (const value of oneTo(7)) await bus.publish(note(value));
    expect(notices).toEqual([]);
    for (const value of oneTo(3)) await bus.publish(note(value));
    expect(notices).toEqual([{ kind: 'pressure', queueSize: 8, maxQueueSize: 10 }]);
    for (let released = 0; released < 4; released++) {
      await holder.has(1);
      holder.release();
    }
    await holder.has(1);
    expect(notices).toHaveLength(1);
    holder.open();
    await bus.drain();
    expect(notices.slice(1)).toEqual([{ kind: 'relieved', queueSize: 5, maxQueueSize: 10 }]);
  });

  test('what subscribers publish is taken in above the limit, so they never wait for each other', async () => {
    const heard: DomainEvent[] = [];
    const bus = await startBus({ ...store(), maxQueueSize: 2, workers: 2 }, (own) => {
      own.subscribe(Noted, async (event, ctx) => {
        heard.push(event);
        const depth = event.data.value as number;
        if (depth === 0) return;
        for (const _twin of oneTo(2)) await ctx.publish(note(depth - 1, `${event.aggregateId}+`));
      });
    });
    await Promise.all(oneTo(4).map((number) => bus.publish(note(4, `root-${number}`))));
    await bus.drain();
    expect(heard).toHaveLength(4 * 31);
    expect(new Set(heard.map(({ id }) => id)).size).toBe(4 * 31);
  });

  test('a flood that the queue has no room for waits in the log, and comes in order', async () => {
    const heard: DomainEvent[] = [];
    const holder = new Holder();
    const bus = await startBus({ ...store(), maxQueueSize: 5 }, (own) => {
      own.subscribe(Noted, holder.handle, { priority: 1 });
      own.subscribe(Noted, (event) => heard.push(event));
    });
    // Past the bus, as handlers on lanes and other users of the engine do.
    await bus.engine.publishMany(oneTo(500).map((value) => note(value)));
    await holder.has(1);
    expect(bus.statistics().queueSize).toBe(500);
    holder.open();
    await bus.drain();
    expect(valuesOf(heard)).toEqual(oneTo(500));
  });
});
