import type { NewEvent } from 'millrace';
import { describe, expect, test } from 'vitest';
import { Noted, Parking, Stopping } from '../../handlers/events.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { handledNumbers, numbered, openCurable } from '../../support/curable.js';
import { Gate } from '../../support/gate.js';
import { Illness } from '../../support/illness.js';
import { tempStore } from '../../support/temp-folder.js';

const FAILED = { code: 'MILLRACE_FAILED' };
const note = (value: number) => Noted({ note: 'n', value });

describe.each([0, 2])('what was under way when the engine failed and recovered: %i threads', (threads) => {
  const open = (illness: Illness, options = {}) =>
    openCurable({ threads, store: tempStore(), durability: 'os', ...options }, illness);

  test('a publishMany of a stream ends with the failure, and nothing hangs after it', async () => {
    const { engine, illness } = await open(new Illness(1));
    async function* stream(): AsyncGenerator<NewEvent> {
      for (const value of oneTo(10)) yield note(value);
      await engine.publish(Stopping({ id: 'stop', number: 1 }), { until: 'handled' }).catch(() => {});
      illness.end(1);
      await engine.recover();
      for (const value of oneTo(10)) yield note(value + 10);
    }
    for (const until of ['accepted', 'durable', 'handled'] as const) {
      illness.begin(1);
      await expect(engine.publishMany(stream(), { until })).rejects.toMatchObject(FAILED);
      await engine.publish(note(99), { until: 'handled' });
      await engine.drain();
      expect(engine.stats()).toMatchObject({ state: 'open', inFlight: 0 });
    }
    const values = (await collect(engine, { aggregateId: 'n' })).map(
      ({ data }) => (data as { value: number }).value,
    );
    expect(values.filter((value) => value > 10 && value < 99)).toEqual([]);
    await engine.close();
  });

  test('an engine that fails under an async iterable that gives nothing more ends the call with the next event', async () => {
    const { engine, illness } = await open(new Illness(1));
    const resumed = Promise.withResolvers<void>();
    async function* stream(): AsyncGenerator<NewEvent> {
      yield note(1);
      await resumed.promise;
      yield note(2);
    }
    const published = engine.publishMany(stream());
    await engine.publish(Stopping({ id: 'stop', number: 1 }), { until: 'handled' }).catch(() => {});
    illness.end(1);
    await engine.recover();
    resumed.resolve();
    await expect(published).rejects.toMatchObject(FAILED);
    await engine.drain();
    expect(await collect(engine, { aggregateId: 'n' })).toHaveLength(1);
  });

  test('publish, ready and retries of dead letters end with the failure; a reader goes on with the new log', async () => {
    const { engine, illness } = await open(new Illness(1, 2), { maxInFlight: 600 });
    await engine.publishMany(oneTo(600).map(note));
    await engine.publishMany(numbered('bad', [2]));
    await engine.drain();
    const [letter] = await engine.deadLetters.list();
    const position = letter?.position ?? 0;
    await engine.publishMany(
      numbered(
        'bad',
        oneTo(50).map((number) => number + 100),
      ),
    );
    illness.end(2);
    const read: number[] = [];
    for await (const event of engine.read()) {
      read.push(event.position);
      if (event.position !== 100) continue;
      const ends = [
        engine.deadLetters.retry(position),
        engine.publish(Stopping({ id: 'stop', number: 1 }), { until: 'handled' }),
        engine.publishMany(
          numbered(
            'other',
            oneTo(20).map((number) => number + 200),
          ),
          { until: 'handled' },
        ),
        engine.setThreads(1),
      ];
      await Promise.allSettled(ends);
      expect(engine.stats().state).toBe('failed');
      illness.end(1);
      await engine.recover();
    }
    expect(read).toEqual(oneTo(read.length));
    expect(read.length).toBeGreaterThan(600);
    await engine.drain();
    for (const { position: left } of await engine.deadLetters.list()) await engine.deadLetters.retry(left);
    await engine.drain();
    expect(await handledNumbers(engine, 'bad')).toEqual([2, ...oneTo(50).map((number) => number + 100)]);
    await engine.close();
  });

  test('a profile ends with the failure of its engine, and another can be taken after it', async () => {
    const { engine, illness } = await open(new Illness(1));
    await engine.publish(Stopping({ id: 'stop', number: 1 }), { until: 'handled' }).catch(() => {});
    await expect(engine.profile({ seconds: 1 })).rejects.toMatchObject(FAILED);
    illness.end(1);
    await engine.recover();
    await engine.drain();
    expect(engine.stats().state).toBe('open');
  });

  test('in deterministic mode those who wait for their key are sent away when the engine fails', async () => {
    const gate = new Gate();
    const illness = new Illness(1);
    const { engine } = await open(illness, {
      deterministic: true,
      shared: { ...illness.shared, ...gate.shared },
    });
    const at = { occurredAt: 1 };
    const stopping = Stopping({ id: 'k', number: 1, async: true }, at);
    const first = engine.publish(stopping, { until: 'handled' });
    const second = engine.publish(Parking({ id: 'k', number: 2, async: false }, at));
    const many = engine.publishMany([3, 4].map((number) => Parking({ id: 'k', number, async: false }, at)));
    const refused = [first, second, many].map((promise) => expect(promise).rejects.toMatchObject(FAILED));
    gate.open();
    await Promise.all(refused);
    await expect(engine.close()).rejects.toMatchObject(FAILED);
  });
});
