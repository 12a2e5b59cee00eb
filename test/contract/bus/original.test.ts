import { setTimeout as letPass } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createEventSystem } from 'millrace/bus';
import { type DomainEvent, defineEvent } from 'millrace/define';
import { openStoreReader } from 'millrace/store';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { liveThreads } from '../../support/live-threads.js';
import { liveTimers } from '../../support/live-timers.js';
import { openFilesIn } from '../../support/open-files.js';
import { handlers } from '../../support/open-test-engine.js';
import { tempFolders, tempStore } from '../../support/temp-folder.js';
import { BACKENDS, openSystem, startBus, valuesOf } from './support.js';

// What the Python original measured of itself, and each weakness that is known of it.

const HANDLED = { until: 'handled' } as const;
const note = (key: string, value: unknown) => Noted({ note: key, value });

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Heap in use, in bytes, after everything that can go is gone. */
function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

describe.each(BACKENDS)('measurements: $backend', ({ store }) => {
  test('1,000 events: each is handled once, in the order of its aggregate', async () => {
    const heard = new Map<string, unknown[]>();
    const bus = await startBus(store(), (own) => {
      own.subscribe(Noted, async ({ aggregateId, data }) => {
        heard.set(aggregateId, [...(heard.get(aggregateId) ?? []), data.value]);
      });
    });
    await Promise.all(oneTo(1000).map((value) => bus.publish(note(`key-${value % 20}`, value), HANDLED)));
    expect(bus.statistics()).toMatchObject({ published: 1000, processed: 1000, failed: 0, queueSize: 0 });
    for (const [key, values] of heard) {
      expect(values, key).toEqual(oneTo(1000).filter((value) => `key-${value % 20}` === key));
    }
    expect(heard.size).toBe(20);
  });

  test.each([1, 4, 7])('statistics tell the right number of workers: %i', async (workers) => {
    const bus = await startBus({ ...store(), workers });
    expect(bus.statistics()).toEqual({
      published: 0,
      processed: 0,
      failed: 0,
      retried: 0,
      queueSize: 0,
      workerCount: workers,
      threads: 0,
      meanTime: 0,
      listenerErrors: 0,
    });
    await bus.stop();
    expect(bus.statistics().workerCount).toBe(0);
  });

  test('statistics count every event and every retry, and time every call', async () => {
    const bus = await startBus(store(), (own) => {
      own.subscribe(
        Noted,
        async ({ data }, { attempt }) => {
          await new Promise((resolve) => setImmediate(resolve));
          if (data.value === 'bad' || (data.value === 'weak' && attempt === 1)) throw new Error('no');
        },
        { retries: 1, retryDelayMs: 1 },
      );
    });
    await bus.publishBatch([note('a', 'bad'), note('b', 'weak'), note('c', 'good')]);
    await bus.drain();
    const statistics = bus.statistics();
    expect(statistics).toMatchObject({ published: 3, processed: 2, failed: 1, retried: 2, queueSize: 0 });
    expect(statistics.meanTime).toBeGreaterThan(0);
    await bus.stop();
    expect(bus.statistics()).toEqual({ ...statistics, workerCount: 0 });
  });
});

describe.each(BACKENDS)('fifty handlers: $backend', ({ store }) => {
  test('of one event are each called once, higher priorities first', async () => {
    const calls: number[] = [];
    const bus = await startBus(store(), (own) => {
      for (const priority of oneTo(50)) own.subscribe(Noted, () => calls.push(priority), { priority });
    });
    await bus.publish(note('a', 1), HANDLED);
    expect(calls).toEqual(oneTo(50).reverse());
    expect(bus.statistics()).toMatchObject({ published: 1, processed: 1, queueSize: 0 });
  });
});

describe.each(BACKENDS)('while every timer of the main thread stands still: $backend', ({ store }) => {
  test('events are published, handled, drained and stored: nothing waits by sleeping', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const heard: unknown[] = [];
    const bus = await startBus({ ...store(), maxQueueSize: 8, workers: 2 }, (own) => {
      own.subscribe(Noted, ({ data }) => heard.push(data.value));
    });
    await Promise.all(oneTo(600).map((value) => bus.publish(note('a', value))));
    await bus.drain();
    expect(heard).toEqual(oneTo(600));
    await bus.publish(note('a', 601), HANDLED);
    await bus.stop();
    expect(heard).toHaveLength(601);
  });
});

describe('resources', () => {
  test('memory does not grow with the events that are through', async () => {
    const bus = await startBus({ store: tempStore(), durability: 'os', threads: 0 }, (own) => {
      own.subscribe(Noted, () => {});
    });
    const kilobyte = 'x'.repeat(1000);
    const publish = (count: number) =>
      bus.publishBatch(
        oneTo(count).map((value) => note(`key-${value % 50}`, `${value} ${kilobyte}`)),
        HANDLED,
      );
    await publish(3000);
    const before = heapUsed();
    for (let round = 0; round < 5; round++) await publish(3000);
    // Keeping these 15,000 events, or only their payloads, would be 15 MB.
    expect(heapUsed() - before).toBeLessThan(7_000_000);
  });

  test('an idle bus burns no processor time, and has no timer to wake it', async () => {
    const bus = await startBus({ store: tempStore(), threads: 2, handlers: [handlers('account')] }, (own) => {
      own.subscribe('**', () => {});
    });
    await bus.publishBatch(
      oneTo(100).map((value) => note('a', value)),
      HANDLED,
    );
    // The only way to see that nothing happens is to let time pass. One thread that looked again and again would use
    // all of each span; collecting garbage, and the last work after the events, use some of a few.
    await vi.waitFor(
      async () => {
        const used = process.cpuUsage();
        await letPass(250);
        const { user, system } = process.cpuUsage(used);
        expect((user + system) / 1000).toBeLessThan(60);
        expect(liveTimers()).toEqual([]);
      },
      { timeout: 20_000 },
    );
  });

  test('stopped, it has no thread and no file open', async () => {
    const bus = await startBus({ store: tempStore(), threads: 2, handlers: [handlers('account')] }, (own) => {
      own.subscribe('**', () => {});
    });
    await bus.publish(note('a', 1), HANDLED);
    const open = () => tempFolders().flatMap(openFilesIn);
    expect(liveThreads().length).toBeGreaterThan(0);
    await bus.stop();
    expect(liveThreads()).toEqual([]);
    expect(open()).toEqual([]);
  });
});

describe('weaknesses of the original', () => {
  test('later events of an aggregate overtook one that was tried again', async () => {
    const heard: unknown[] = [];
    const bus = await startBus({ workers: 4 }, (own) => {
      own.subscribe(
        Noted,
        ({ data }, { attempt }) => {
          if (data.value === 1 && attempt < 3) throw new Error('again');
          heard.push(data.value);
        },
        { retries: 2, retryDelayMs: 2 },
      );
    });
    await bus.publishBatch(
      oneTo(20).map((value) => note('a', value)),
      HANDLED,
    );
    expect(heard).toEqual(oneTo(20));
  });

  test('four workers handled events of one aggregate at the same time', async () => {
    let running = 0;
    let most = 0;
    const bus = await startBus({ workers: 4 }, (own) => {
      own.subscribe(Noted, async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
      });
    });
    await bus.publishBatch(
      oneTo(20).map((value) => note('a', value)),
      HANDLED,
    );
    expect(most).toBe(1);
  });

  test('failed events were lost with the process', async () => {
    const store = tempStore();
    const failing = () => {
      throw new Error('no');
    };
    const first = await startBus({ store }, (own) => own.subscribe(Noted, failing));
    await first.publish(note('a', 1));
    await first.stop();
    const second = await startBus({ store }, (own) => own.subscribe(Noted, failing));
    expect(await second.failedEvents.list()).toMatchObject([{ position: 1, error: { message: 'no' } }]);
  });

  test('what a handler threw was swallowed', async () => {
    const told: unknown[] = [];
    const bus = await startBus({}, (own) => {
      own.onNotice((notice) => told.push(notice));
      own.subscribe(Noted, () => {
        throw new Error('no');
      });
    });
    await expect(bus.publish(note('a', 1), HANDLED)).rejects.toMatchObject({ cause: { message: 'no' } });
    expect(told).toMatchObject([{ kind: 'failed-event', event: { error: { message: 'no' } } }]);
    expect(bus.statistics().failed).toBe(1);
    expect(await bus.failedEvents.list()).toHaveLength(1);
  });

  test('an event could be without id or time: whoever makes it, and however', async () => {
    const Created = defineEvent('trigger.created', {
      schema: z.object({ trigger_id: z.string(), name: z.string().default('unnamed') }),
      aggregateId: (data) => data.trigger_id,
    });
    const system = await createEventSystem({ events: [Created] });
    onTestFinished(() => system.stop());
    const heard: DomainEvent[] = [];
    system.bus.subscribe(Created, (event) => heard.push(event));
    await system.start();
    const before = Date.now();
    await system.bus.publish(Created({ trigger_id: 'a' }));
    await system.bus.publish({ type: 'trigger.created', data: { trigger_id: 'b' } });
    await system.storage.store(Created({ trigger_id: 'c' }));
    await system.bus.drain();
    expect(heard.map(({ id }) => id.replace(/^[^/]+/, 'run'))).toEqual(['run/a/1', 'run/b/1', 'run/c/1']);
    for (const { occurredAt, metadata, id } of heard) {
      expect(occurredAt).toBeGreaterThanOrEqual(before);
      expect(occurredAt).toBeLessThanOrEqual(Date.now());
      expect(metadata.correlationId).toBe(id);
    }
    // A field that is missing, or is not one, is found when the event is published.
    const wrong = system.bus.publish({ type: 'trigger.created', data: { triggerId: 'd' } });
    await expect(wrong).rejects.toMatchObject({ code: 'MILLRACE_SCHEMA_MISMATCH' });
  });

  test('what was stored as the type was not what the event said', async () => {
    const store = tempStore();
    const system = await openSystem({ store });
    const { id, type } = await system.storage.store(note('a', 1));
    expect(type).toBe('note.noted');
    expect((await system.storage.get(id))?.type).toBe('note.noted');
    await system.stop();
    using reader = openStoreReader(store);
    expect(reader.summary().types).toEqual([{ type: 'note.noted', count: 1 }]);
  });

  test('an aggregate was read by time text, ties in any order', async () => {
    const system = await openSystem({ store: tempStore() });
    const { storage } = system;
    // All at one instant, and then one from before.
    const occurredAt = new Date(1_700_000_000_000);
    await Promise.all(oneTo(50).map((value) => storage.store(Noted({ note: 'a', value }, { occurredAt }))));
    await storage.store(Noted({ note: 'a', value: 51 }, { occurredAt: new Date(5) }));
    const events: DomainEvent[] = [];
    for await (const event of storage.byAggregate('a')) events.push(event);
    expect(events.map(({ version }) => version)).toEqual(oneTo(51));
    expect(valuesOf(events)).toEqual(oneTo(51));
  });
});
