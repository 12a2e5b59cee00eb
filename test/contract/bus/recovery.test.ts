import { renameSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { DomainEvent } from 'millrace';
import type { BusNotice, EventBus } from 'millrace/bus';
import { describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { Child } from '../../support/child.js';
import { oneTo } from '../../support/collect.js';
import { tempStore } from '../../support/temp-folder.js';
import { Holder, makeBus, openSystem, startBus, valuesOf } from './support.js';

const HANDLED = { until: 'handled' } as const;
const note = (value: number, key = 'a') => Noted({ note: key, value });
const processingOf = (store: string) => `${store}-processing`;

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
    const child = new Child('../contract/bus/until-killed.mjs', store, 'os');
    await child.wrote(1);
    await child.kill();
    const { bus, heard } = await hearing(store);
    await bus.drain();
    expect(valuesOf(heard)).toEqual(['stuck', 5]);
    expect(await bus.failedEvents.list()).toMatchObject([{ position: 2, error: { message: 'bad' } }]);
  });

  test('without its processing record everything is processed again', async () => {
    const store = await storeWith(3);
    rmSync(processingOf(store));
    const { bus, heard } = await hearing(store);
    await bus.drain();
    expect(valuesOf(heard)).toEqual([1, 2, 3]);
  });

  test('the processing record of another log is refused, and left as it was', async () => {
    const stores = [await storeWith(2), await storeWith(3)] as const;
    for (const file of ['', '-lock']) rmSync(stores[0] + file);
    const log = new Database(stores[1]);
    log.exec(`VACUUM INTO '${stores[0]}'`);
    log.close();
    const bus = makeBus({ store: stores[0] });
    await expect(bus.start()).rejects.toMatchObject({ code: 'MILLRACE_STORE_FOREIGN' });
    const record = new Database(processingOf(stores[0]), { readonly: true });
    expect(record.prepare('SELECT mark FROM progress').pluck().get()).toBe(2);
    record.close();
  });

  test.each([
    ['another program', 'CREATE TABLE mine (x)', 'STORE_FOREIGN'],
    ['a newer version', 'PRAGMA user_version = 99', 'STORE_NEWER'],
    ['a wrong mark', 'UPDATE progress SET mark = 1', 'STORE_CORRUPT'],
    [
      'a hostile trigger',
      'CREATE TRIGGER t AFTER INSERT ON processing_log BEGIN DELETE FROM failed_events; END',
      'STORE_CORRUPT',
    ],
  ])('a processing record with the marks of %s is refused', async (_what, sql, code) => {
    const store = await storeWith(2);
    if (code === 'STORE_FOREIGN') rmSync(processingOf(store));
    const record = new Database(processingOf(store));
    record.exec(sql);
    record.close();
    const bus = makeBus({ store });
    await expect(bus.start()).rejects.toMatchObject({ code: `MILLRACE_${code}` });
  });

  test('marks above the end of the log go: a power cut took that end, and new events come there', async () => {
    const store = await storeWith(3);
    const longer = await storeWith(50);
    // The longer log's marks, as if they were of the shorter one's run.
    const run = runOf(store);
    rmSync(processingOf(store));
    const marks = new Database(processingOf(longer));
    marks.prepare("UPDATE meta SET value = ? WHERE key = 'run'").run(run);
    marks.exec(`VACUUM INTO '${processingOf(store)}'`);
    marks.close();
    const { bus, heard } = await hearing(store);
    await bus.publishBatch([note(4), note(5)]);
    await bus.drain();
    expect(valuesOf(heard)).toEqual([4, 5]);
    expect(bus.statistics()).toMatchObject({ processed: 2, queueSize: 0 });
  });
});

describe('a bus that cannot note what it did', () => {
  test('stops, says so, and goes on at the next start', async () => {
    const store = await storeWith(1);
    const notices: BusNotice[] = [];
    const { bus } = await hearing(store, (own) => own.onNotice((notice) => notices.push(notice)));
    const other = new Database(processingOf(store));
    other.exec('BEGIN IMMEDIATE');
    const published = bus.publish(note(2), HANDLED);
    await expect(published).rejects.toMatchObject({ code: 'MILLRACE_STORE_LOCKED' });
    expect(notices).toMatchObject([{ kind: 'failed', error: { code: 'MILLRACE_FAILED' } }]);
    await expect(bus.publish(note(3))).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
    await expect(bus.drain()).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
    other.exec('ROLLBACK');
    other.close();
    await expect(bus.stop()).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });

    const { bus: next, heard } = await hearing(store);
    await next.drain();
    expect(valuesOf(heard)).toEqual([2]);
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

function runOf(store: string): string {
  const log = new Database(store, { readonly: true });
  const run = log.prepare("SELECT value FROM meta WHERE key = 'run'").pluck().get() as string;
  log.close();
  return run;
}
