import type { DomainEvent } from 'millrace';
import type { BusNotice } from 'millrace/bus';
import { describe, expect, test } from 'vitest';
import { Audited, Credited, Deposited, Noted, Parking, Skipping } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { handlers } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';
import { openSystem, startBus } from './support.js';

const HANDLED = { until: 'handled' } as const;

describe.each([0, 2])('a bus with handler modules: %i threads', (threads) => {
  test('subscribers and lanes handle the same log, and both count', async () => {
    const heard: DomainEvent[] = [];
    const bus = await startBus({ threads, handlers: [handlers('account')] }, (own) => {
      own.subscribe(Credited, (event) => void heard.push(event));
      own.subscribe(Audited, (event) => void heard.push(event));
    });
    await bus.publishBatch(
      oneTo(30).map((amount) => Deposited({ account: `a${amount % 4}`, amount })),
      HANDLED,
    );
    expect(heard).toHaveLength(60);
    expect(bus.statistics()).toMatchObject({
      published: 30,
      processed: 90,
      failed: 0,
      queueSize: 0,
      workerCount: 4,
      threads: threads === 0 ? 0 : 2,
    });
    for (const account of oneTo(3)) {
      const versions = heard
        .filter(({ aggregateId }) => aggregateId === `ledger-a${account}`)
        .map(({ version }) => version);
      expect(versions).toEqual(oneTo(versions.length));
    }
  });

  test('until handled waits for lane and subscriber', async () => {
    let heard = 0;
    const bus = await startBus({ threads, handlers: [handlers('account')] }, (own) => {
      own.subscribe(Deposited, async () => {
        await new Promise((resolve) => setImmediate(resolve));
        heard++;
      });
    });
    await bus.publish(Deposited({ account: 'a', amount: 1 }), HANDLED);
    expect(heard).toBe(1);
    expect(bus.engine.stats().handled).toBeGreaterThan(0);
  });

  test('failed events of lanes and of subscribers are in one list, in order', async () => {
    const notices: BusNotice[] = [];
    const bus = await startBus({ threads, handlers: [handlers('failing')] }, (own) => {
      own.onNotice((notice) => notices.push(notice));
      own.subscribe(Noted, fail);
      own.subscribe(Skipping, fail);
    });
    function fail() {
      throw new Error('the subscriber');
    }
    await bus.publishBatch([
      Skipping({ id: 'a', number: 1, failures: 1000 }),
      Noted({ note: 'b' }),
      Parking({ id: 'c', number: 1, failures: 1000 }),
      Parking({ id: 'c', number: 2 }),
      Skipping({ id: 'd', number: 1 }),
    ]);
    await bus.drain();
    const failed = await bus.failedEvents.list();
    expect(failed.map(({ position, source, handler }) => `${position} ${source} ${handler}`)).toEqual([
      '1 subscriber fail',
      '1 lane failing',
      '2 subscriber fail',
      '3 lane failing',
      '5 subscriber fail',
    ]);
    expect((await bus.failedEvents.list({ limit: 1 })).map(({ source }) => source)).toEqual([
      'subscriber',
      'lane',
    ]);
    const kinds = notices.map(({ kind }) => kind).filter((kind) => kind !== 'health');
    expect(kinds.sort()).toEqual([
      'dead-letter',
      'dead-letter',
      'failed-event',
      'failed-event',
      'failed-event',
    ]);
    expect(bus.statistics()).toMatchObject({ published: 5, failed: 5, retried: 2, queueSize: 0 });
    // The parked key's second event waits in the log until somebody decides about the first.
    expect(await bus.failedEvents.clear()).toBe(5);
    await bus.drain();
    expect(await bus.failedEvents.list()).toEqual([]);
    expect(bus.engine.stats()).toMatchObject({ parkedKeys: 0 });
  });

  test('a dead letter of a lane can be tried again', async () => {
    const store = tempStore();
    const broken = await startBus({ store, threads, handlers: [handlers('failing')] });
    await broken.publish(Parking({ id: 'c', number: 1, failures: 1000 }));
    await broken.drain();
    await broken.stop();
    const healed = await startBus({
      store,
      threads,
      handlers: [handlers('failing')],
      shared: { healed: true },
    });
    expect(await healed.failedEvents.list()).toMatchObject([{ position: 1, source: 'lane' }]);
    await healed.failedEvents.retry(1);
    expect(await healed.failedEvents.list()).toEqual([]);
  });
});

test('the processing record is about subscribers: lanes keep their own progress in the log', async () => {
  const system = await openSystem({ handlers: [handlers('account')], threads: 1 });
  await system.start();
  await system.bus.publish(Deposited({ account: 'a', amount: 1 }), HANDLED);
  await system.bus.drain();
  expect(system.storage.statistics()).toEqual({ events: 3, processed: 3, failed: 0, unprocessed: 0 });
  expect(await system.storage.processingLog()).toEqual([]);
});
