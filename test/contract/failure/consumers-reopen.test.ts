import { readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openStoreReader, verifyStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { Child } from '../../support/child.js';
import { oneTo } from '../../support/collect.js';
import { Heard, Latch, startHearing } from '../../support/heard.js';
import { openTestEngine } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

const notes = (count: number, keys = 3) =>
  oneTo(count).map((value) => Noted({ note: `n${value % keys}`, value }));

describe('consumers of a store that is opened again', () => {
  test('what is done above an event that is not is kept: it alone comes again', async () => {
    const store = { store: tempStore(), durability: 'os' } as const;
    const engine = await openTestEngine(store);
    await engine.publishMany(notes(1000));
    const stuck = new Latch();
    const heard = new Heard();
    const { consumer } = await startHearing(engine, {
      concurrency: 3,
      handle: async (event, { signal }) => {
        if (event.position === 5) {
          await Promise.race([
            stuck.opened,
            new Promise((resolve) => signal.addEventListener('abort', resolve)),
          ]);
          throw new Error('cut short');
        }
        heard.hear(event);
      },
    });
    await heard.count(668);
    expect(consumer.status()).toMatchObject({ position: 4, lag: 332 });
    await engine.close();
    expect(verifyStore(store.store)).toMatchObject({ ok: true, problems: [] });
    using reader = openStoreReader(store.store);
    expect(reader.summary().consumers).toEqual([{ name: 'c', position: 4, lag: 332, parked: 0, skipped: 0 }]);
    const again = await openTestEngine(store);
    const second = await startHearing(again);
    await second.consumer.whenCaughtUp();
    expect(second.heard.positions).toEqual(oneTo(1000).filter((value) => value % 3 === 2 && value >= 5));
  });

  test('a parked key stays parked, and its failed event is there with its error', async () => {
    const store = { store: tempStore(), durability: 'disk' } as const;
    const engine = await openTestEngine(store);
    await engine.publishMany(notes(30));
    const first = await startHearing(engine, {
      retries: 2,
      retryDelayMs: 0,
      handle: ({ position }) => {
        if (position === 7) throw new TypeError('never');
      },
    });
    await first.consumer.whenCaughtUp();
    await engine.close();
    expect(verifyStore(store.store).ok).toBe(true);
    const again = await openTestEngine(store);
    expect(again.consumers.list()).toMatchObject([{ parkedKeys: 1, failures: 1, position: 6, lag: 8 }]);
    const { consumer, heard } = await startHearing(again);
    await consumer.whenCaughtUp();
    expect(heard.positions).toEqual([]);
    expect(consumer.failures()).toMatchObject([
      {
        position: 7,
        key: 'n1',
        state: 'parked',
        attempts: 3,
        error: { name: 'TypeError', message: 'never' },
      },
    ]);
    await consumer.retry(7);
    await consumer.whenCaughtUp();
    expect(heard.positions).toEqual([7, 10, 13, 16, 19, 22, 25, 28]);
  });

  test('a replay that nothing was handled of yet is stored, whatever was done above it', async () => {
    const store = { store: tempStore(), durability: 'os' } as const;
    const engine = await openTestEngine(store);
    await engine.publishMany(notes(9000));
    const first = await startHearing(engine, {
      handle: ({ position }) => {
        if (position === 4) throw new Error('parks its key');
      },
    });
    await first.consumer.whenCaughtUp();
    await first.consumer.pause();
    await first.consumer.replay(10);
    await engine.close();
    expect(verifyStore(store.store).ok).toBe(true);
    const again = await openTestEngine(store);
    const { consumer, heard } = await startHearing(again);
    await consumer.whenCaughtUp();
    expect(heard.positions).toEqual(oneTo(9000).filter((value) => value >= 10 && value % 3 !== 1));
    expect(consumer.failures()).toMatchObject([{ position: 4, state: 'parked' }]);
  });

  test('a removed one is gone, and one of another name is not touched', async () => {
    const store = { store: tempStore(), durability: 'os' } as const;
    const engine = await openTestEngine(store);
    await engine.publishMany(notes(3));
    for (const name of ['a', 'b']) {
      const { consumer } = await startHearing(engine, { name });
      await consumer.whenCaughtUp();
    }
    await engine.consumers.remove('a');
    await engine.close();
    const again = await openTestEngine(store);
    expect(again.consumers.list()).toMatchObject([{ name: 'b', position: 3, state: 'stopped' }]);
  });

  test('a log that never had a consumer has no tables of them: its format is what it was', async () => {
    const store = tempStore();
    const engine = await openTestEngine({ store, durability: 'os' });
    await engine.publish(Noted({ note: 'n' }));
    expect(engine.consumers.list()).toEqual([]);
    await engine.close();
    expect(readFileSync(store).includes('CREATE TABLE consumers')).toBe(false);
    expect(verifyStore(store).ok).toBe(true);
  });
});

describe.each([1, 4])('a process killed while a consumer runs: %i at once', (concurrency) => {
  test('twice: nothing is left out, order holds, and only what was not committed comes again', async () => {
    const store = tempStore();
    const handled: number[] = [];
    for (const lines of [300, 900]) {
      const child = new Child('consume-until-killed.mjs', store, 'os', String(concurrency));
      await child.wrote(lines);
      await child.kill();
      using reader = openStoreReader(store);
      const [stored] = reader.summary().consumers;
      // No line is cut off: a pipe takes so few bytes as a whole or not at all.
      const positions = child.lines.map((line) => Number(line.split(' ')[0]));
      const byKey = Map.groupBy(child.lines, (line) => line.split(' ')[1]);
      for (const own of byKey.values()) {
        const order = own.map((line) => Number(line.split(' ')[0]));
        expect(order).toEqual([...order].sort((a, b) => a - b));
      }
      handled.push(...positions);
      // Everything that counts as done was handled, in this life or an earlier one.
      const seen = new Set(handled);
      expect(oneTo(stored?.position ?? 0).filter((position) => !seen.has(position))).toEqual([]);
      expect(stored?.position).toBeGreaterThan(0);
    }
    const engine = await openTestEngine({ store, durability: 'os' });
    const { consumer, heard } = await startHearing(engine);
    const before = engine.stats().lastPosition;
    await consumer.whenCaughtUp();
    const all = new Set([...handled, ...heard.positions]);
    expect(oneTo(before).filter((position) => !all.has(position))).toEqual([]);
    expect(consumer.status()).toMatchObject({ position: before, lag: 0 });
    await engine.close();
    expect(verifyStore(store)).toMatchObject({ ok: true });
  });
});

test('an engine that has failed and recovers: its consumers go on, with what was not committed once more', async () => {
  const store = { store: tempStore(), durability: 'os' } as const;
  const engine = await openTestEngine(store);
  const { consumer, heard } = await startHearing(engine);
  await engine.publishMany(notes(10));
  await consumer.whenCaughtUp();
  // The log loses its name for a moment: what is written then is not durable, and the engine stops.
  const away = join(dirname(store.store), 'away.db');
  renameSync(store.store, away);
  const waiting = expect(consumer.whenCaughtUp(1000)).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
  await expect(engine.publish(Noted({ note: 'n' }))).rejects.toMatchObject({
    code: 'MILLRACE_FAILED',
  });
  await waiting;
  expect(consumer.status()).toMatchObject({ state: 'failed', error: { code: 'MILLRACE_FAILED' } });
  await expect(consumer.whenCaughtUp()).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
  renameSync(away, store.store);
  await engine.recover();
  await engine.publishMany(notes(5));
  await consumer.whenCaughtUp();
  expect([...new Set(heard.positions)]).toEqual(oneTo(engine.stats().lastPosition));
  expect(consumer.status()).toMatchObject({ state: 'running', lag: 0 });
});

test('a handler that has not ended holds up its own consumer, and no recovery', async () => {
  const store = { store: tempStore(), durability: 'os' } as const;
  const engine = await openTestEngine(store);
  const latch = new Latch();
  const heard = new Heard();
  const { consumer } = await startHearing(engine, {
    handle: async (event) => {
      heard.hear(event);
      await latch.opened;
    },
  });
  await engine.publishMany(notes(3));
  await heard.count(1);
  const away = join(dirname(store.store), 'away.db');
  renameSync(store.store, away);
  await expect(engine.publish(Noted({ note: 'n' }))).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
  renameSync(away, store.store);
  await engine.recover();
  await engine.publishMany(notes(2));
  const caughtUp = consumer.whenCaughtUp();
  expect(heard.positions).toEqual([1]);
  latch.open();
  await caughtUp;
  expect(heard.positions).toEqual([1, ...oneTo(engine.stats().lastPosition)]);
});
