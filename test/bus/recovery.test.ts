import { copyFileSync, readdirSync, renameSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import Database from 'better-sqlite3';
import { type DomainEvent, openEngine } from 'millrace';
import type { BusNotice, EventBus } from 'millrace/bus';
import { verifyStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { ALL_EVENTS, Noted } from '../handlers/events.mjs';
import { Child } from '../support/child.js';
import { oneTo } from '../support/collect.js';
import { tempStore } from '../support/temp-folder.js';
import { Holder, openSystem, settle, startBus, valuesOf } from './support.js';

const HANDLED = { until: 'handled' } as const;
const note = (value: number, key = 'a') => Noted({ note: key, value });

/** A started bus and what its one subscriber hears. */
async function hearing(store: string, subscribe: (bus: EventBus) => void = () => {}) {
  const heard: DomainEvent[] = [];
  const bus = await startBus({ store, durability: 'os' }, (own) => {
    subscribe(own);
    own.subscribe('**', (event) => void heard.push(event));
  });
  return { bus, heard };
}

/** A store in which a bus has handled these many events, and which is closed. */
async function storeWith(count: number): Promise<string> {
  const store = tempStore();
  const { bus } = await hearing(store);
  await bus.publishBatch(oneTo(count).map((value) => note(value)));
  await bus.stop();
  return store;
}

describe('a bus on a log that was used before', () => {
  test('hands out what is not processed, in order and before anything new, and nothing else', async () => {
    const store = tempStore();
    const first = await openSystem({ store });
    await first.storage.storeMany(oneTo(100).map((value) => note(value, `key-${value % 3}`)));
    const marked: number[] = [];
    for await (const { id, position } of first.storage.unprocessed()) {
      if (position % 2 === 0) continue;
      marked.push(position);
      await first.storage.markProcessed(id);
    }
    await first.stop();

    const { bus, heard } = await hearing(store);
    await bus.publish(note(101, 'key-0'), HANDLED);
    await bus.drain();
    const byKey = (key: string) => heard.filter(({ aggregateId }) => aggregateId === key);
    for (const key of ['key-0', 'key-1', 'key-2']) {
      const positions = byKey(key).map(({ position }) => position);
      expect(positions).toEqual([...positions].sort((a, b) => a - b));
    }
    expect(heard.map(({ position }) => position).sort((a, b) => a - b)).toEqual(
      oneTo(101).filter((position) => !marked.includes(position)),
    );
    expect(bus.statistics()).toMatchObject({ published: 1, processed: 51, queueSize: 0 });
  });

  test('stop that waits no more leaves what is queued, and the next start hands it out', async () => {
    const store = tempStore();
    const holder = new Holder();
    const bus = await startBus({ store, durability: 'os' }, (own) => own.subscribe('**', holder.handle));
    const published = bus.publish(note(1), HANDLED);
    await bus.publishBatch([note(2), note(3), note(4, 'b')]);
    await holder.has(2);
    holder.held.reverse();
    const stopping = bus.stop({ signal: AbortSignal.abort() });
    await expect(published).rejects.toMatchObject({ code: 'MILLRACE_CLOSED' });
    await stopping;
    // Handlers that end afterwards are nobody's any more.
    holder.open();

    const { bus: next, heard } = await hearing(store);
    await next.drain();
    expect(valuesOf(heard.filter(({ aggregateId }) => aggregateId === 'a'))).toEqual([1, 2, 3]);
    expect(heard).toHaveLength(4);
  });

  test('a stop under way is hurried by a second call', async () => {
    const holder = new Holder();
    const bus = await startBus({}, (own) => own.subscribe('**', holder.handle));
    await bus.publish(note(1));
    await holder.has(1);
    const first = bus.stop();
    await bus.stop({ signal: AbortSignal.abort() });
    await first;
    expect(bus.statistics()).toMatchObject({ published: 1, processed: 0, queueSize: 1 });
  });

  test('a process that is killed: what was handled is not handled again, what was not is', async () => {
    const store = tempStore();
    const child = new Child('../bus/until-killed.mjs', store, 'os');
    await child.wrote(1);
    await child.kill();
    const { bus, heard } = await hearing(store);
    await bus.drain();
    expect(valuesOf(heard)).toEqual(['stuck', 5]);
    expect(await bus.failedEvents.list()).toMatchObject([{ position: 2, error: { message: 'bad' } }]);
  });

  test('what is processed lies in the log itself: there is no second file, and a copy of the log has it, too', async () => {
    const store = await storeWith(3);
    expect(readdirSync(dirname(store)).filter((name) => !name.endsWith('-lock'))).toEqual([basename(store)]);
    const copy = tempStore();
    copyFileSync(store, copy);
    const { bus, heard } = await hearing(copy);
    await bus.publish(note(4), HANDLED);
    expect(valuesOf(heard)).toEqual([4]);
    expect(bus.statistics()).toMatchObject({ published: 1, processed: 1, queueSize: 0 });
    await bus.stop();
    expect(verifyStore(copy)).toMatchObject({ ok: true, problems: [] });
  });

  test('the bus is a consumer of its log: listed with its lag, measured, and forgotten when it is removed', async () => {
    const store = await storeWith(3);
    {
      await using engine = await openEngine({ events: ALL_EVENTS, store, durability: 'os', threads: 0 });
      await engine.publish(note(4));
      expect(engine.consumers.list()).toMatchObject([
        { name: 'millrace:bus', state: 'stopped', position: 3, lag: 1 },
      ]);
      await engine.consumers.remove('millrace:bus');
      expect(engine.consumers.list()).toEqual([]);
    }
    const { bus, heard } = await hearing(store);
    await bus.drain();
    expect(valuesOf(heard)).toEqual([1, 2, 3, 4]);
    const running = { name: 'millrace:bus', state: 'running', position: 4, lag: 0, handled: 4 };
    expect(bus.engine.consumers.list()).toMatchObject([running]);
    expect(bus.engine.metrics.snapshot().consumers).toMatchObject([running]);
    await expect(bus.engine.consumers.remove('millrace:bus')).rejects.toMatchObject({
      code: 'MILLRACE_CONSUMER_RUNNING',
    });
    await expect(
      bus.engine.consumers.start({ name: 'millrace:bus', handle: () => {} }),
    ).rejects.toMatchObject({ code: 'MILLRACE_INVALID_OPTION' });
  });

  test.each([
    ['the position', 'UPDATE consumers SET mark = 1', 'consumer'],
    ['an entry of the processing log', "UPDATE processing_log SET handler = 'other'", 'consumer'],
    ['a failed event', 'UPDATE failed_events SET attempts = 5', 'consumer'],
    ['a failed event that is not in the log', 'UPDATE failed_events SET position = 99', 'consumer'],
    ['a table that is missing', 'DROP TABLE failed_events', 'schema'],
    [
      'a hostile trigger',
      'CREATE TRIGGER t AFTER INSERT ON processing_log BEGIN DELETE FROM failed_events; END',
      'schema',
    ],
  ])('a log with %s changed by hand is refused, and verify finds it', async (_what, sql, kind) => {
    const store = tempStore();
    const first = await startBus({ store, durability: 'os' }, (own) =>
      own.subscribe('**', ({ position }) => {
        if (position === 2) throw new Error('no');
      }),
    );
    await first.publishBatch([note(1), note(2)]);
    await first.drain();
    await first.stop();
    const log = new Database(store);
    log.exec(sql);
    log.close();
    expect(verifyStore(store).problems).toContainEqual(expect.objectContaining({ kind }));
    const used = async () => {
      const system = await openSystem({ store });
      await system.storage.processingLog();
      await system.start();
      await system.bus.failedEvents.list();
    };
    await expect(used()).rejects.toMatchObject({ code: 'MILLRACE_STORE_CORRUPT' });
  });
});

describe('a bus whose engine fails', () => {
  test('says so, and what its subscribers have handled meanwhile is not handled again after it recovered', async () => {
    const store = tempStore();
    const holder = new Holder();
    const notices: BusNotice[] = [];
    const heard: DomainEvent[] = [];
    const bus = await startBus({ store, durability: 'os' }, (own) => {
      own.onNotice((notice) => notices.push(notice));
      own.subscribe('**', (event) => void heard.push(event), { priority: 1 });
      own.subscribe('**', holder.handle, { name: 'holder' });
      own.subscribe(Noted, ({ data }) => {
        if (data.value === 1) throw new Error('no');
      });
    });
    await bus.publishBatch([note(1, 'a'), note(2, 'b')]);
    await holder.has(2);
    renameSync(store, `${store}.away`);
    await expect(bus.publish(note(3))).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
    expect(notices).toContainEqual(expect.objectContaining({ kind: 'failed' }));
    // Both end while nothing can be stored.
    holder.open();
    await settle();
    await expect(bus.drain()).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
    expect(bus.engine.consumers.list()).toMatchObject([
      { name: 'millrace:bus', state: 'failed', handled: 1 },
    ]);
    renameSync(`${store}.away`, store);
    await bus.engine.recover();
    await bus.drain();
    // The third was written before its file was missed.
    expect(valuesOf(heard)).toEqual([1, 2, 3]);
    expect(await bus.failedEvents.list()).toMatchObject([{ position: 1, error: { message: 'no' } }]);
    await bus.stop();
    const { bus: next, heard: later } = await hearing(store);
    await next.drain();
    expect(later).toEqual([]);
    expect(await next.failedEvents.list()).toMatchObject([{ position: 1 }]);
    expect(verifyStore(store)).toMatchObject({ ok: true, problems: [] });
  });
});

test.each([
  'drain',
  'the next event',
])('after the engine recovered, %s has durable events handed out that nobody heard of', async (what) => {
  const store = tempStore();
  const { bus, heard } = await hearing(store);
  await bus.publish(note(1), HANDLED);
  renameSync(store, `${store}.away`);
  await expect(bus.publish(note(2))).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
  await expect(bus.drain()).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
  renameSync(`${store}.away`, store);
  await bus.engine.recover();
  // The commit was written before its file was missed.
  expect(bus.engine.stats().lastPosition).toBe(2);
  expect(valuesOf(heard)).toEqual([1]);
  if (what === 'drain') await bus.drain();
  else await bus.publish(note(3), HANDLED);
  expect(valuesOf(heard)).toEqual(what === 'drain' ? [1, 2] : [1, 2, 3]);
});
