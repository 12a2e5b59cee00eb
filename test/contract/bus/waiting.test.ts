import { openEngine } from 'millrace';
import { describe, expect, test } from 'vitest';
import { ALL_EVENTS, Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { tempStore } from '../../support/temp-folder.js';
import { BACKENDS, HANDLED, Holder, note, openSystem, quietly, settle, startBus } from './support.js';

const HOUR = 3_600_000;

describe.each(BACKENDS)('waiting on a bus: $backend', ({ store }) => {
  test('drain ends while others publish without a pause, and waits for what the events led to', async () => {
    const heard: string[] = [];
    let goesOn = true;
    const bus = await startBus(store(), (own) => {
      own.subscribe(Noted, async ({ aggregateId, data }, ctx) => {
        heard.push(aggregateId);
        const depth = data.value as number;
        if (depth > 0) await ctx.publish(note(`${aggregateId}+`, depth - 1));
      });
    });
    const others = (async () => {
      // One of them is always under way.
      for (let count = 0; goesOn; count++) {
        quietly(bus.publish(note('other', count % 50 === 0 ? 1 : 0)));
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    await bus.publish(note('mine', 3));
    await bus.drain();
    expect(heard).toContain('mine+++');
    await bus.publishBatch([note('batch', 2)], HANDLED);
    expect(heard).toContain('batch++');
    goesOn = false;
    await others;
  });

  test('drain counts publishers that wait for room', async () => {
    const holder = new Holder();
    const bus = await startBus({ ...store(), maxQueueSize: 2 }, (own) => own.subscribe('**', holder.handle));
    const published = oneTo(5).map((value) => quietly(bus.publish(note(`key-${value}`, value))));
    await holder.has(2);
    const drained = bus.drain();
    holder.open();
    await drained;
    expect(bus.statistics()).toMatchObject({ published: 5, processed: 5 });
    await Promise.all(published);
  });

  test('stop ends while others publish to the log', async () => {
    const system = await openSystem(store());
    system.bus.subscribe('**', () => {});
    await system.start();
    let goesOn = true;
    const others = (async () => {
      while (goesOn) await system.storage.store(note('other', 1));
    })();
    await system.bus.stop();
    goesOn = false;
    await others;
  });

  test('stop in the pause before a retry waits for it, and a signal ends that', async () => {
    const bus = await startBus(store(), (own) => {
      own.subscribe(
        Noted,
        () => {
          throw new Error('later');
        },
        { retries: 1, retryDelayMs: HOUR },
      );
    });
    const published = bus.publish(note('a', 1), HANDLED);
    void bus.publish(note('b', 1)).then(() => bus.stop());
    published.catch(() => {});
    await settle();
    await bus.stop({ signal: AbortSignal.abort() });
    await expect(published).rejects.toMatchObject({ code: 'MILLRACE_CLOSED' });
  });

  test('an event that waits for room is what was passed, whatever becomes of it meanwhile', async () => {
    const holder = new Holder();
    const heard: unknown[] = [];
    const bus = await startBus({ ...store(), maxQueueSize: 1 }, (own) => {
      own.subscribe('**', holder.handle);
      own.subscribe('**', ({ data, metadata }) => heard.push([data, metadata.user]));
    });
    await bus.publish(note('first', 1));
    const value = { at: new Date(1), list: [{ one: 1 }], bytes: Uint8Array.of(1) };
    const metadata = { user: 'ada' };
    const data = { note: 'a', value };
    const waiting = bus.publish(Noted(data, { metadata }));
    const batch = bus.publishBatch([Noted(data, { metadata })]);
    await settle();
    value.at.setTime(2);
    value.list.push({ one: 2 });
    value.bytes[0] = 2;
    data.note = 'b';
    metadata.user = 'eve';
    holder.open();
    await Promise.all([waiting, batch]);
    await bus.drain();
    const was = [{ note: 'a', value: { at: new Date(1), list: [{ one: 1 }], bytes: Buffer.of(1) } }, 'ada'];
    expect(JSON.parse(JSON.stringify(heard.slice(1)))).toEqual(JSON.parse(JSON.stringify([was, was])));
  });
});

test('many failed events that are tried again at once are read in one pass', async () => {
  const store = tempStore();
  const engine = await openEngine({ events: ALL_EVENTS, store, durability: 'os' });
  await engine.publishMany(oneTo(1500).map((value) => note(`key-${value}`, value)));
  await engine.close();
  let fails = true;
  const bus = await startBus({ store, durability: 'os' }, (own) => {
    own.subscribe(
      '**',
      () => {
        if (fails) throw new Error('not yet');
      },
      { name: 'ledger' },
    );
  });
  await bus.drain();
  fails = false;
  const { read } = bus.engine;
  let reads = 0;
  bus.engine.read = ((options) => {
    reads++;
    return read.call(bus.engine, options);
  }) as typeof read;
  await Promise.all(oneTo(1500).map((position) => bus.failedEvents.retry(position)));
  expect(reads).toBeLessThan(5);
  expect(await bus.failedEvents.list()).toEqual([]);
});
