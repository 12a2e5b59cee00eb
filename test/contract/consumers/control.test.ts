import { describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { Heard, Latch, startHearing } from '../../support/heard.js';
import { openTestEngine, storeFor } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

const notes = (count: number, keys = 3) =>
  oneTo(count).map((value) => Noted({ note: `n${value % keys}`, value }));

describe.each(['memory', 'os'] as const)('a consumer is controlled: %s', (durability) => {
  const open = () => openTestEngine(storeFor(durability));

  test('pause() waits for what runs and begins no more; resume() goes on with the next event', async () => {
    const engine = await open();
    const latch = new Latch();
    const heard = new Heard();
    const { consumer } = await startHearing(engine, {
      handle: async (event) => {
        heard.hear(event);
        await latch.opened;
      },
    });
    await engine.publishMany(notes(10));
    await heard.count(1);
    const paused = consumer.pause();
    expect(consumer.status()).toMatchObject({ state: 'paused', inFlight: 1 });
    latch.open();
    await paused;
    expect(consumer.status()).toMatchObject({ state: 'paused', position: 1, lag: 9, inFlight: 0 });
    await engine.publish(Noted({ note: 'n' }));
    expect(heard.positions).toEqual([1]);
    const caughtUp = consumer.whenCaughtUp();
    consumer.resume();
    await caughtUp;
    expect(heard.positions).toEqual(oneTo(11));
  });

  test('paused and resumed at once, again and again, it still keeps order and leaves nothing out', async () => {
    const engine = await open();
    await engine.publishMany(notes(2000));
    const { consumer, heard } = await startHearing(engine);
    for (let time = 0; time < 20; time++) {
      await heard.count(Math.min(2000, heard.positions.length + 1));
      const paused = consumer.pause();
      consumer.resume();
      await paused;
    }
    await consumer.whenCaughtUp();
    expect(heard.positions).toEqual(oneTo(2000));
  });

  test('the signal of a handler aborts when it is waited for, and the event comes again when it failed of it', async () => {
    const engine = await open();
    await engine.publishMany(notes(3, 1));
    const begun = new Latch();
    const heard = new Heard();
    const { consumer } = await startHearing(engine, {
      handle: (event, { signal, attempt, consumer: name }) => {
        expect({ attempt, name }).toEqual({ attempt: 1, name: 'c' });
        heard.hear(event);
        if (heard.positions.length > 1) return undefined;
        begun.open();
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      },
    });
    await begun.opened;
    await consumer.pause();
    expect(consumer.status()).toMatchObject({ position: 0, failed: 0, failures: 0 });
    consumer.resume();
    await consumer.whenCaughtUp();
    expect(heard.positions).toEqual([1, 1, 2, 3]);
  });

  test('replay() hands out everything from a position on again, also to a paused consumer', async () => {
    const engine = await open();
    await engine.publishMany(notes(700));
    const { consumer, heard } = await startHearing(engine);
    await consumer.whenCaughtUp();
    await consumer.replay(698);
    await consumer.whenCaughtUp();
    expect(heard.positions.slice(700)).toEqual([698, 699, 700]);
    await consumer.pause();
    await consumer.replay(1);
    expect(consumer.status()).toMatchObject({ state: 'paused', position: 0, lag: 700 });
    expect(heard.positions).toHaveLength(703);
    consumer.resume();
    await consumer.whenCaughtUp();
    expect(heard.positions.slice(703)).toEqual(oneTo(700));
    await consumer.replay(701);
    expect(consumer.status()).toMatchObject({ position: 700, lag: 0 });
  });

  test('whenCaughtUp() waits for a position, for what is accepted, and no longer than its signal', async () => {
    const engine = await open();
    const { consumer, heard } = await startHearing(engine);
    await consumer.whenCaughtUp();
    const third = consumer.whenCaughtUp(3);
    const fourth = consumer.whenCaughtUp(4, { signal: AbortSignal.timeout(1) });
    await expect(fourth).rejects.toMatchObject({ name: 'TimeoutError' });
    const published = engine.publishMany(notes(3));
    await third;
    await published;
    expect(heard.positions).toEqual([1, 2, 3]);
    const accepted = engine.publish(Noted({ note: 'n' }));
    await consumer.whenCaughtUp();
    expect(heard.positions).toEqual([1, 2, 3, 4]);
    await accepted;
  });

  test('stop() rejects those who wait, and nothing can be asked of it afterwards', async () => {
    const engine = await open();
    const { consumer } = await startHearing(engine);
    const waiting = consumer.whenCaughtUp(5);
    const stopped = consumer.stop();
    await expect(waiting).rejects.toMatchObject({ code: 'MILLRACE_CONSUMER_STOPPED' });
    await stopped;
    await consumer.stop();
    for (const call of [
      () => consumer.pause(),
      () => consumer.replay(1),
      () => consumer.whenCaughtUp(),
      async () => consumer.resume(),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'MILLRACE_CONSUMER_STOPPED' });
    }
    expect(consumer.status().state).toBe('stopped');
  });

  test('`await using` stops it', async () => {
    const engine = await open();
    {
      await using consumer = await engine.consumers.start({ name: 'c', handle: () => {} });
      expect(consumer.status().state).toBe('running');
    }
    expect(engine.consumers.list()).toMatchObject([{ name: 'c', state: 'stopped' }]);
  });

  test('remove() stops a running one and forgets it; its name begins anew', async () => {
    const engine = await open();
    await engine.publishMany(notes(5));
    const first = await startHearing(engine);
    await first.consumer.whenCaughtUp();
    await engine.consumers.remove('c');
    expect(first.consumer.status().state).toBe('stopped');
    expect(engine.consumers.list()).toEqual([]);
    const second = await startHearing(engine);
    await second.consumer.whenCaughtUp();
    expect(second.heard.positions).toEqual(oneTo(5));
    await second.consumer.stop();
    await engine.consumers.remove('c');
    await expect(engine.consumers.remove('c')).rejects.toMatchObject({ code: 'MILLRACE_CONSUMER_NOT_FOUND' });
  });

  test('closing the engine waits for a handler, and stores what is done', async () => {
    const store = storeFor(durability);
    const engine = await openTestEngine(store);
    await engine.publishMany(notes(3, 1));
    const latch = new Latch();
    const heard = new Heard();
    await startHearing(engine, {
      handle: async (event) => {
        heard.hear(event);
        await latch.opened;
      },
    });
    await heard.count(1);
    const closed = engine.close();
    latch.open();
    await closed;
    expect(heard.positions).toEqual([1]);
    if (durability === 'memory') return;
    const again = await openTestEngine(store);
    expect(again.consumers.list()).toMatchObject([{ name: 'c', position: 1, lag: 2 }]);
  });

  test('a handler that waits for its own consumer, or for the end of the engine, is told so', async () => {
    const engine = await open();
    const refused: string[] = [];
    const waits = new Latch();
    const { consumer } = await startHearing(engine, {
      handle: async () => {
        for (const call of [
          () => consumer.whenCaughtUp(),
          () => consumer.pause(),
          () => consumer.replay(1),
          () => consumer.stop(),
          () => engine.consumers.remove('c'),
          () => engine.close(),
        ]) {
          await call().catch(({ code }: { code: string }) => refused.push(code));
        }
        waits.open();
      },
    });
    await engine.publish(Noted({ note: 'n' }));
    await waits.opened;
    expect(refused).toEqual(Array(6).fill('MILLRACE_WAITS_FOR_ITSELF'));
    await engine.close();
  });
});

test.each([
  0, 1,
])('a removal that an engine is closed behind is stored when its promise says so: %i threads', async (threads) => {
  const store = { store: tempStore(), durability: 'os', threads } as const;
  const engine = await openTestEngine(store);
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const handle = async () => {
    begun.resolve();
    await gate.promise;
  };
  await engine.consumers.start({ name: 'one', from: 'start', handle });
  await engine.publish(Noted({ note: 'x' }));
  await begun.promise;
  const removed = engine.consumers.remove('one');
  const closing = engine.close();
  gate.resolve();
  await removed;
  await closing;
  const next = await openTestEngine(store);
  expect(next.consumers.list()).toEqual([]);
});
