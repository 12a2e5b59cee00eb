import type { Engine } from 'millrace';
import { describe, expect, test } from 'vitest';
import { Parking } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { handledNumbers, numbered, openCurable } from '../../support/curable.js';
import { Illness } from '../../support/illness.js';

const SETTINGS = [
  { threads: 0, dispatch: 'durable' },
  { threads: 0, dispatch: 'accepted' },
  { threads: 2, dispatch: 'durable' },
  { threads: 2, dispatch: 'accepted' },
] as const;

const COUNT = 400;

/** Resolves when the parked key is on its way again. */
async function resumed(engine: Engine): Promise<void> {
  while (engine.stats().parkedKeys > 0) await new Promise((resolve) => setImmediate(resolve));
}

describe.each(SETTINGS)('a key that is resumed: $threads threads, dispatch $dispatch', (settings) => {
  const event = (number: number) => Parking({ id: 'bad', number, async: number % 3 === 0 });

  /** A key that is parked at its first event, with more behind it than the engine holds at a time. */
  async function parked(...ill: readonly number[]) {
    const opened = await openCurable({ ...settings, maxInFlight: 8 }, new Illness(1, ...ill));
    await opened.engine.publishMany(oneTo(COUNT).map(event));
    await opened.engine.drain();
    expect(opened.engine.stats()).toMatchObject({ parkedKeys: 1, inFlight: 0 });
    opened.illness.end(1);
    return opened;
  }

  test('handles what came before, while it was parked and while it is resumed, in order', async () => {
    const { engine } = await parked();
    const retried = engine.deadLetters.retry(1);
    await resumed(engine);
    const published = [];
    for (let number = COUNT + 1; number <= COUNT + 200; number++) {
      published.push(engine.publish(event(number), { until: number % 20 === 0 ? 'handled' : 'accepted' }));
      // Publishers and the log's own events take turns at the door of a full engine.
      if (number % 5 === 0) await published.at(-1);
    }
    await retried;
    await Promise.all(published);
    await engine.drain();
    expect(await handledNumbers(engine, 'bad')).toEqual(oneTo(COUNT + 200));
    expect(engine.stats()).toMatchObject({ parkedKeys: 0, inFlight: 0, failed: 2 });
  });

  test('is waited for by drain', async () => {
    const { engine } = await parked();
    await engine.deadLetters.retry(1);
    await engine.drain();
    expect(await handledNumbers(engine, 'bad')).toEqual(oneTo(COUNT));
    expect(engine.stats().inFlight).toBe(0);
  });

  test('is finished by a close that comes in the middle', async () => {
    const { engine } = await parked();
    const handled: number[] = [];
    const begun = new Promise<void>((resolve) => {
      engine.subscribeAll(({ aggregateId, data }) => {
        if (aggregateId === 'tried-bad') handled.push((data as { number: number }).number);
        if (handled.length === 10) resolve();
      });
    });
    const retried = engine.deadLetters.retry(1);
    await begun;
    const before = handled.length;
    await engine.close();
    await retried;
    expect(before).toBeLessThan(COUNT);
    expect(handled).toEqual(oneTo(COUNT));
    expect(engine.stats()).toMatchObject({ state: 'closed', parkedKeys: 0, inFlight: 0, failed: 2 });
  });

  test('is parked again in its middle: whoever waits for a later one is told', async () => {
    const { engine, illness } = await parked(200);
    const retried = engine.deadLetters.retry(1);
    await resumed(engine);
    const waiting = engine.publish(event(COUNT + 1), { until: 'handled' }).catch((error) => error);
    await retried;
    await engine.drain();
    expect(await waiting).toMatchObject({
      code: 'MILLRACE_KEY_PARKED',
      details: { key: 'bad', position: 200 },
    });
    expect(await handledNumbers(engine, 'bad')).toEqual(oneTo(199));
    expect(engine.stats()).toMatchObject({ parkedKeys: 1, inFlight: 0 });
    illness.end(200);
    expect(await engine.deadLetters.list()).toMatchObject([{ position: 200, version: 200, attempts: 2 }]);
    await engine.deadLetters.retry(200);
    await engine.drain();
    expect(await handledNumbers(engine, 'bad')).toEqual(oneTo(COUNT + 1));
  });

  test('does not hold up other keys', async () => {
    const { engine } = await parked();
    const retried = engine.deadLetters.retry(1);
    await engine.publishMany(numbered('good', oneTo(50)), { until: 'handled' });
    expect(await handledNumbers(engine, 'good')).toEqual(oneTo(50));
    await retried;
    await engine.drain();
    expect(await handledNumbers(engine, 'bad')).toEqual(oneTo(COUNT));
  });

  test('beside others that are resumed at once', async () => {
    const keys = oneTo(6).map((number) => `key-${number}`);
    const { engine, illness } = await openCurable({ ...settings, maxInFlight: 8 }, new Illness(1));
    await engine.publishMany(
      oneTo(60).flatMap((number) => keys.flatMap((id) => numbered(id, [number], number % 3 === 0))),
    );
    await engine.drain();
    expect(engine.stats().parkedKeys).toBe(keys.length);
    illness.end(1);
    const letters = await engine.deadLetters.list();
    expect(letters.map(({ key }) => key)).toEqual(keys);
    await Promise.all(letters.map(({ position }) => engine.deadLetters.retry(position)));
    await engine.drain();
    for (const id of keys) expect(await handledNumbers(engine, id)).toEqual(oneTo(60));
    expect(engine.stats()).toMatchObject({ parkedKeys: 0, inFlight: 0 });
  });
});
