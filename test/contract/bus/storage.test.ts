import type { DomainEvent } from 'millrace';
import { createEventStorage, type EventStorage, type EventStorageOptions } from 'millrace/bus';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ALL_EVENTS, Deposited, Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { openFilesIn } from '../../support/open-files.js';
import { tempFolders, tempStore } from '../../support/temp-folder.js';
import { openSystem, valuesOf } from './support.js';

const BACKENDS = [
  { backend: 'memory', place: () => ({}) },
  { backend: 'SQLite', place: () => ({ path: tempStore(), durability: 'os' as const }) },
] as const;

async function openStorage(options: Partial<EventStorageOptions>): Promise<EventStorage> {
  const storage = await createEventStorage({ events: ALL_EVENTS, ...options });
  onTestFinished(() => storage.close());
  return storage;
}

async function all(events: AsyncIterable<DomainEvent>): Promise<DomainEvent[]> {
  const list: DomainEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}

describe.each(BACKENDS)('a storage: $backend', ({ place }) => {
  const open = (options: Partial<EventStorageOptions> = {}) => openStorage({ ...place(), ...options });
  const note = (key: string, value: unknown) => Noted({ note: key, value });

  test('gives back what was stored, by id', async () => {
    const storage = await open();
    const value = { text: 'ä', when: new Date(5), list: [1, null, true] };
    const stored = await storage.store(note('a', value));
    expect(stored).toMatchObject({ type: 'note.noted', aggregateId: 'a', version: 1, data: { value } });
    expect(JSON.stringify(await storage.get(stored.id))).toBe(JSON.stringify(stored));
  });

  test.each(['nothing', '', '/', 'run/a/1'])('has no event with the id %j', async (id) => {
    const storage = await open();
    await storage.store(note('a', 1));
    expect(await storage.get(id)).toBeUndefined();
    await expect(storage.markProcessed(id)).rejects.toMatchObject({ code: 'MILLRACE_EVENT_NOT_FOUND' });
  });

  test('has no event with the id of a version that is not there, or not a version', async () => {
    const storage = await open();
    const { id } = await storage.store(note('a', 1));
    for (const other of ['0', '2', '-1', '1.5', 'x', '', '1e0', ' 1', '01']) {
      expect(await storage.get(id.replace(/1$/, other)), other).toBeUndefined();
    }
    expect(await storage.get(id)).toBeDefined();
  });

  test('finds events of aggregates and runs with slashes in their names', async () => {
    const storage = await open({ run: 'a/b' });
    const stored = [await storage.store(note('c/1', 1)), await storage.store(note('b/c/1', 2))];
    for (const event of stored) expect(await storage.get(event.id)).toMatchObject({ data: event.data });
  });

  test('reads an aggregate in version order, however it was stored', async () => {
    const storage = await open();
    await Promise.all(oneTo(40).map((value) => storage.store(note(`key-${value % 2}`, value))));
    const events = await all(storage.byAggregate('key-0'));
    expect(events.map(({ version }) => version)).toEqual(oneTo(20));
    expect(valuesOf(events)).toEqual(oneTo(20).map((number) => 2 * number));
    const rest = await all(storage.byAggregate('key-0', { fromVersion: 19 }));
    expect(rest.map(({ version }) => version)).toEqual([19, 20]);
  });

  test('knows which events are not processed, in the order in which they were stored', async () => {
    const storage = await open();
    const { lastPosition } = await storage.storeMany(
      oneTo(300).map((value) => note(`key-${value % 7}`, value)),
    );
    expect(lastPosition).toBe(300);
    const stored = await all(storage.unprocessed());
    expect(valuesOf(stored)).toEqual(oneTo(300));
    const left = (value: number) => value > 290 || value % 100 === 3;
    await Promise.all(
      stored.flatMap(({ id, data }) =>
        left((data as { value: number }).value) ? [] : storage.markProcessed(id),
      ),
    );
    expect(valuesOf(await all(storage.unprocessed()))).toEqual(oneTo(300).filter(left));
    expect(storage.statistics()).toEqual({ events: 300, processed: 287, failed: 0, unprocessed: 13 });
  });

  test('notes who processed an event, when, and with what result', async () => {
    const storage = await open();
    const { id } = await storage.store(note('a', 1));
    const other = await storage.store(note('b', 2));
    const result = { rows: 5, at: new Date(7), left: [null, 'x'] };
    const before = Date.now();
    await storage.markFailed(id, { by: 'importer', error: new RangeError('no room') });
    expect(storage.statistics()).toMatchObject({ processed: 0, unprocessed: 2 });
    await storage.markProcessed(id, { by: 'importer', result });
    await storage.markProcessed(other.id);
    const log = await storage.processingLog({ id });
    expect(log).toMatchObject([
      {
        position: 1,
        handler: 'importer',
        outcome: 'failed',
        result: undefined,
        error: { message: 'no room' },
      },
      { position: 1, handler: 'importer', outcome: 'done', result, error: undefined },
    ]);
    expect(log.every(({ processedAt }) => processedAt >= before && processedAt <= Date.now())).toBe(true);
    expect(await storage.processingLog({ after: 2 })).toMatchObject([{ number: 3, handler: 'storage' }]);
    expect(await storage.processingLog({ limit: 1 })).toMatchObject([{ number: 1 }]);
  });

  test('marking twice is processed once', async () => {
    const storage = await open();
    const { id } = await storage.store(note('a', 1));
    await storage.markProcessed(id);
    await storage.markProcessed(id);
    expect(storage.statistics()).toEqual({ events: 1, processed: 1, failed: 0, unprocessed: 0 });
    expect(await storage.processingLog()).toHaveLength(2);
  });

  test('refuses results that are no plain data, or too large; the event stays unprocessed', async () => {
    const storage = await open();
    const { id } = await storage.store(note('a', 1));
    const mark = (result: unknown) => storage.markProcessed(id, { result });
    await expect(mark(() => {})).rejects.toMatchObject({ code: 'MILLRACE_UNSUPPORTED_PAYLOAD' });
    await expect(mark('x'.repeat(65_537))).rejects.toMatchObject({ code: 'MILLRACE_PAYLOAD_TOO_LARGE' });
    expect(storage.statistics().unprocessed).toBe(1);
    expect(await storage.processingLog()).toEqual([]);
  });

  test('forgets old entries of the processing log when told to, and nothing else', async () => {
    const storage = await open();
    for (const value of oneTo(3)) await storage.markProcessed((await storage.store(note('a', value))).id);
    expect(storage.trimProcessingLog(3)).toBe(2);
    expect((await storage.processingLog()).map(({ position }) => position)).toEqual([3]);
    expect(storage.statistics().processed).toBe(3);
    expect(() => storage.trimProcessingLog(0)).toThrow(
      expect.objectContaining({ code: 'MILLRACE_INVALID_OPTION' }),
    );
  });

  test.each([{ limit: 0 }, { limit: 513 }, { after: -1 }])('a log query of %o is refused', async (query) => {
    const storage = await open();
    await expect(storage.processingLog(query)).rejects.toMatchObject({ code: 'MILLRACE_INVALID_OPTION' });
  });

  test('refuses what the engine refuses', async () => {
    const storage = await open({ events: [Noted] });
    const unknown = storage.store(Deposited({ account: 'a', amount: 1 }));
    await expect(unknown).rejects.toMatchObject({ code: 'MILLRACE_UNKNOWN_EVENT_TYPE' });
    await storage.close();
    await expect(storage.store(note('a', 1))).rejects.toMatchObject({ code: 'MILLRACE_CLOSED' });
    await storage.close();
  });
});

test('a storage on disk remembers everything', async () => {
  const path = tempStore();
  const first = await openStorage({ path });
  const stored = await first.store(Noted({ note: 'a', value: 1 }));
  await first.store(Noted({ note: 'a', value: 2 }));
  await first.markProcessed(stored.id, { by: 'importer', result: 5 });
  await first.close();
  expect(tempFolders().flatMap(openFilesIn)).toEqual([]);

  const second = await openStorage({ path });
  expect(JSON.stringify(await second.get(stored.id))).toBe(JSON.stringify(stored));
  expect(valuesOf(await all(second.unprocessed()))).toEqual([2]);
  expect(await second.processingLog({ id: stored.id })).toMatchObject([{ handler: 'importer', result: 5 }]);
  expect(second.statistics()).toEqual({ events: 2, processed: 1, failed: 0, unprocessed: 1 });
});

test('a long stretch of processed events is skipped, not read', async () => {
  const storage = await openStorage({ path: tempStore(), durability: 'os' });
  await storage.storeMany(oneTo(1000).map((value) => Noted({ note: 'a', value })));
  const events = await all(storage.unprocessed());
  const done = events.filter(({ position }) => ![1, 500, 1000].includes(position));
  await Promise.all(done.map(({ id }) => storage.markProcessed(id)));
  expect(valuesOf(await all(storage.unprocessed()))).toEqual([1, 500, 1000]);
});

describe('a system', () => {
  test('what is stored is handed to the subscribers, and noted as processed', async () => {
    const system = await openSystem();
    const heard: DomainEvent[] = [];
    system.bus.subscribe(Noted, (event) => void heard.push(event), { name: 'ledger' });
    const stored = await system.storage.store(Noted({ note: 'a', value: 1 }));
    expect(system.storage.statistics()).toMatchObject({ events: 1, unprocessed: 1 });
    expect(heard).toEqual([]);
    await system.start();
    await system.bus.publish(Noted({ note: 'a', value: 2 }), { until: 'handled' });
    expect(valuesOf(heard)).toEqual([1, 2]);
    expect(system.storage.statistics()).toEqual({ events: 2, processed: 2, failed: 0, unprocessed: 0 });
    expect(await system.storage.processingLog({ id: stored.id })).toMatchObject([{ handler: 'ledger' }]);
    expect(system.bus.statistics()).toMatchObject({ published: 2, processed: 2, queueSize: 0 });
  });

  test('its bus may stop and start again; what came meanwhile is not lost', async () => {
    const system = await openSystem();
    const heard: DomainEvent[] = [];
    system.bus.subscribe('**', (event) => heard.push(event));
    await system.start();
    await system.bus.publish(Noted({ note: 'a', value: 1 }));
    await system.bus.stop();
    await system.storage.store(Noted({ note: 'a', value: 2 }));
    expect(system.storage.statistics()).toMatchObject({ processed: 1, unprocessed: 1 });
    await system.bus.start();
    await system.bus.drain();
    expect(valuesOf(heard)).toEqual([1, 2]);
    expect(system.bus.statistics()).toMatchObject({ published: 2, processed: 2, failed: 0 });
  });

  test('an event that somebody marks while it waits is not handed out any more', async () => {
    const system = await openSystem();
    const heard: DomainEvent[] = [];
    let mark: Promise<void> | undefined;
    system.bus.subscribe('**', async (event) => {
      heard.push(event);
      mark ??= system.storage.markProcessed(second.id, { by: 'hand' });
      await mark;
    });
    await system.storage.store(Noted({ note: 'a', value: 1 }));
    const second = await system.storage.store(Noted({ note: 'a', value: 2 }));
    await system.start();
    await system.bus.drain();
    expect(valuesOf(heard)).toEqual([1]);
    expect(await system.storage.processingLog({ id: second.id })).toMatchObject([{ handler: 'hand' }]);
  });

  test('failed events are neither processed nor unprocessed', async () => {
    const system = await openSystem();
    system.bus.subscribe('**', () => {
      throw new Error('no');
    });
    await system.start();
    await system.bus.publish(Noted({ note: 'a' }), { until: 'handled' }).catch(() => {});
    expect(system.storage.statistics()).toEqual({ events: 1, processed: 0, failed: 1, unprocessed: 0 });
    expect(await all(system.storage.unprocessed())).toEqual([]);
    await system.bus.failedEvents.clear();
    expect(system.storage.statistics()).toMatchObject({ failed: 0, unprocessed: 0 });
  });

  test('ends with its block, whole', async () => {
    const store = tempStore();
    {
      await using system = await openSystem({ store });
      await system.start();
      await system.bus.publish(Noted({ note: 'a' }));
    }
    expect(tempFolders().flatMap(openFilesIn)).toEqual([]);
    const again = await openSystem({ store });
    expect(again.storage.statistics()).toMatchObject({ events: 1, processed: 1 });
  });
});
