import Database from 'better-sqlite3';
import { defineEvent, defineHandlers } from 'millrace';
import { openStoreReader, verifyStore } from 'millrace/store';
import { createTestEngine, type Store } from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Acted, Noted, Rang } from '../../handlers/timer-events.mjs';
import { collect } from '../../support/collect.js';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { handlers } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';
import { openTimed, toldOf, WallClock } from '../../support/timed-engine.js';

type Acts = Parameters<typeof Acted>[0]['acts'];

const acted = (acts: Acts, end?: string, key = 'a') =>
  Acted({ key, acts, ...(end !== undefined && { end }) });

describe('timers in a store', () => {
  test.each(
    INLINE_AND_THREADS,
  )('that are late fire at once when it is opened again, others at their time, %i threads', async (threads) => {
    const store = tempStore();
    const clock = new WallClock();
    const first = await openTimed(clock, { store, threads });
    await first.publish(
      acted([
        { set: 'c', at: 900 },
        { set: 'b', at: 20 },
        { set: 'a', at: 10 },
      ]),
      {
        until: 'handled',
      },
    );
    await first.publish(acted([{ set: 'd', at: 30 }], undefined, 'b'), { until: 'handled' });
    await first.close();
    clock.now = 500;
    const second = await openTimed(clock, { store, threads });
    await second.drain();
    const rang = await collect(second, { types: [Rang] });
    expect(rang.map(({ data, occurredAt }) => [(data as { name: string }).name, occurredAt])).toEqual([
      ['a', 10],
      ['b', 20],
      ['d', 30],
    ]);
    await second.close();
    expect(verifyStore(store).problems).toEqual([]);
    clock.now = 899;
    const third = await openTimed(clock, { store, threads });
    await third.drain();
    expect(await toldOf(third)).toHaveLength(3);
    clock.set(900);
    await third.drain();
    expect(await collect(third, { types: [Rang] })).toHaveLength(4);
    expect(await toldOf(third, 'a')).toEqual(['a rang', 'b rang', 'c rang']);
    await third.close();
    using reader = openStoreReader(store);
    expect([...reader.timers()]).toEqual([]);
    expect(reader.summary().timers).toEqual({ pending: 0, next: undefined });
  });

  test('are read without an engine, and counted', async () => {
    const store = tempStore();
    const engine = await openTimed(new WallClock(), { store, threads: 0 });
    await engine.publish(
      acted([
        { set: 'later', at: 9000 },
        { set: 'soon', at: 500 },
      ]),
      { until: 'handled' },
    );
    await engine.close();
    using reader = openStoreReader(store);
    const common = { key: 'a', position: 1, type: 'timer.rang', aggregateId: 'rang-a' };
    expect([...reader.timers()]).toEqual([
      { ...common, name: 'soon', at: 500, data: { key: 'a', name: 'soon' } },
      { ...common, name: 'later', at: 9000, data: { key: 'a', name: 'later' } },
    ]);
    expect(reader.summary().timers).toEqual({ pending: 2, next: 500 });
  });

  test('make no table in a log that has none', async () => {
    const store = tempStore();
    const engine = await openTimed(new WallClock(), { store, threads: 0 });
    await engine.publish(acted([{ cancel: 'x' }, { tell: 'hello' }]), { until: 'handled' });
    await engine.close();
    const database = new Database(store, { readonly: true });
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE name LIKE 'timers%'").all();
    database.close();
    expect(tables).toEqual([]);
    using reader = openStoreReader(store);
    expect([...reader.timers()]).toEqual([]);
  });

  test.each(
    INLINE_AND_THREADS,
  )('are as the handled events have left them after recover(), %i threads', async (threads) => {
    const healed = new Int32Array(new SharedArrayBuffer(4));
    const clock = new WallClock();
    const options = { store: tempStore(), threads, shared: { healed } };
    const both = [handlers('timers'), handlers('timers-stop')];
    const engine = await openTimed(clock, { ...options, handlers: both });
    await engine.publish(
      acted([
        { set: 'x', at: 10 },
        { set: 'y', at: 20 },
      ]),
      { until: 'handled' },
    );
    await engine.publish(acted([{ cancel: 'x' }, { set: 'z', at: 5 }], 'stop'));
    await expect(engine.drain()).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
    // While it has failed nothing fires.
    expect(clock.alarms).toEqual([]);
    clock.set(15);
    healed[0] = 1;
    await engine.recover();
    await engine.recovered;
    await engine.drain();
    // The late ones wait for the unfinished events of their key: one of these has cancelled x.
    expect(await toldOf(engine)).toEqual(['z rang']);
    clock.set(20);
    await engine.drain();
    expect(await toldOf(engine)).toEqual(['z rang', 'y rang']);
  });

  test.each([
    3, 8192,
  ])('are more than memory holds: all of them fire in order, %i at a time', async (nearTimers) => {
    const store = tempStore();
    const clock = new WallClock();
    const first = await openTimed(clock, { store, threads: 0 }, { nearTimers });
    const times = Array.from({ length: 60 }, (_, index) => ((index * 37) % 60) * 10);
    for (let begin = 0; begin < 60; begin += 6) {
      const acts = times.slice(begin, begin + 6).map((at) => ({ set: `${at}`, at: at + 1000 }));
      await first.publish(acted(acts, undefined, `k${begin % 5}`));
    }
    await first.drain();
    clock.set(1200);
    await first.drain();
    expect(await toldOf(first)).toHaveLength(21);
    await first.close();
    const second = await openTimed(clock, { store, threads: 0 }, { nearTimers });
    await second.publish(acted([{ set: 'between', at: 1405 }, { cancel: '500' }], undefined, 'k2'));
    await second.drain();
    clock.set(1590);
    await second.drain();
    const rang = await collect(second, { types: [Rang] });
    expect(rang.map(({ occurredAt }) => occurredAt)).toEqual(
      [...times.map((at) => at + 1000), 1405].sort((a, b) => a - b),
    );
  });

  test('fire by the time of the log’s own events when it is opened again in deterministic mode', async () => {
    const healed = new Int32Array(new SharedArrayBuffer(4));
    const both = [handlers('timers'), handlers('timers-stop')];
    const options = { store: tempStore(), threads: 0, shared: { healed }, handlers: both };
    const seeded = { ...options, deterministic: true, seed: 'x', dispatch: 'durable' } as const;
    const clock = new WallClock(1e6);
    const first = await openTimed(clock, seeded);
    const setting = Acted({ key: 'a', acts: [{ set: 'x', at: 50 }] }, { occurredAt: 0 });
    await first.publish(setting, { until: 'handled' });
    await first.publishMany([
      Acted({ key: 'a', acts: [{ tell: 'before' }], end: 'stop' }, { occurredAt: 10 }),
      Acted({ key: 'b', acts: [] }, { occurredAt: 100 }),
    ]);
    await expect(first.drain()).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
    await first.close().catch(() => {});
    healed[0] = 1;
    const second = await openTimed(clock, seeded);
    await second.recovered;
    await second.drain();
    expect(await toldOf(second)).toEqual(['before', 'x rang']);
  });

  test('whose type is not registered stay, with a notice, until it is', async () => {
    const store = tempStore();
    const clock = new WallClock();
    const first = await openTimed(clock, { store, threads: 0 });
    await first.publish(acted([{ set: 'x', at: 10 }]), { until: 'handled' });
    await first.close();
    clock.now = 50;
    const second = await openTimed(clock, { store, threads: 0, events: [Noted], handlers: [] });
    const notices: unknown[] = [];
    second.onNotice((notice) => notices.push(notice));
    await expect.poll(() => notices).toEqual([{ kind: 'timers-held', type: 'timer.rang', count: 1 }]);
    await second.drain();
    await second.close();
    const third = await openTimed(clock, { store, threads: 0 });
    await third.drain();
    expect(await toldOf(third)).toEqual(['x rang']);
  });

  test('publish an event of the version that it was scheduled as, which handlers get in today’s form', async () => {
    const store = tempStore();
    const clock = new WallClock();
    const options = { schema: z.object({ key: z.string() }), aggregateId: ({ key }: { key: string }) => key };
    const Old = defineEvent('test.due', options);
    const Begun = defineEvent('test.begun', options);
    const seen: unknown[] = [];
    const first = await createTestEngine({
      events: [Begun, Old],
      handlers: [
        defineHandlers('versions', (on) => {
          on(Begun, ({ data }, ctx) => ctx.schedule(Old(data), { in: '1h' }));
        }),
      ],
      store: await sqliteStore(store),
    });
    await first.publish(Begun({ key: 'a' }), { until: 'handled' });
    await first.close();
    clock.now = Date.UTC(2024, 0, 1, 2);
    const New = defineEvent('test.due', {
      schema: z.object({ key: z.string(), more: z.number() }),
      aggregateId: ({ key }) => key,
      version: 2,
      upcast: (data) => ({ ...(data as { key: string }), more: 7 }),
    });
    const second = await createTestEngine({
      events: [Begun, New],
      handlers: [
        defineHandlers('versions', (on) => {
          on(Begun, () => {});
          on(New, ({ data }) => void seen.push(data));
        }),
      ],
      store: await sqliteStore(store),
      now: clock.now,
    });
    await second.drain();
    expect(seen).toEqual([{ key: 'a', more: 7 }]);
    await second.close();
    expect(verifyStore(store).problems).toEqual([]);
  });
});

async function sqliteStore(path: string) {
  const { SqliteStore } = await import('../../../dist/src/store/sqlite-store.js');
  return new SqliteStore(path, 'FULL', 'test') as unknown as Store;
}
