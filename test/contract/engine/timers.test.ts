import Database from 'better-sqlite3';
import { defineEvent, defineHandlers, type HandlerContext, type NewEvent } from 'millrace';
import { openStoreReader, verifyStore } from 'millrace/store';
import { createTestEngine, type Store } from 'millrace/testing';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { Acted, Noted, Rang, TIMER_EVENTS } from '../../handlers/timer-events.mjs';
import { collect } from '../../support/collect.js';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';
import { openTimed, toldOf, WallClock } from '../../support/timed-engine.js';

type Acts = Parameters<typeof Acted>[0]['acts'];

const acted = (acts: Acts, end?: string, key = 'a') =>
  Acted({ key, acts, ...(end !== undefined && { end }) });

/** Inline and on threads, in memory and in a file. */
const ENGINES = [
  { threads: 0, durability: 'disk' },
  { threads: 1, durability: 'os' },
  { threads: 2, durability: 'memory' },
] as const;

describe.each(ENGINES)('a timer of a handler, $threads threads, $durability', ({ threads, durability }) => {
  const open = (clock: WallClock) => openTimed(clock, { ...storeFor(durability), threads });

  test('publishes its event once, at its time and not before, as what its scheduling led to', async () => {
    const clock = new WallClock();
    const engine = await open(clock);
    await engine.publish(acted([{ set: 'one', at: 100 }]), { until: 'handled' });
    clock.set(99);
    await engine.drain();
    expect(await collect(engine, { types: [Rang] })).toEqual([]);
    clock.set(100);
    await engine.drain();
    clock.set(1000);
    await engine.drain();
    const [cause, rang, ...others] = await collect(engine);
    expect(rang).toMatchObject({
      type: Rang.type,
      aggregateId: 'rang-a',
      key: 'a',
      occurredAt: 100,
      data: { key: 'a', name: 'one' },
      metadata: { causationId: cause?.id, correlationId: cause?.id },
    });
    expect(others.map(({ data }) => data)).toEqual([{ key: 'a', what: 'one rang' }]);
  });

  test('comes in the order of times, and of equal ones in the order of their scheduling', async () => {
    const clock = new WallClock();
    const engine = await open(clock);
    const later: Acts = [
      { set: 'f', at: 30 },
      { set: 'c', at: 20 },
      { set: 'b', at: 10 },
    ];
    const sooner: Acts = [
      { set: 'd', at: 20 },
      { set: 'a', at: -5 },
      { set: 'e', at: 20 },
    ];
    await engine.publish(acted(later), { until: 'handled' });
    await engine.publish(acted(sooner), { until: 'handled' });
    clock.set(50);
    await engine.drain();
    expect(await toldOf(engine)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `${name} rang`));
  });

  test('is replaced by another of its name, and belongs to its key alone', async () => {
    const clock = new WallClock();
    const engine = await open(clock);
    await engine.publish(acted([{ set: 'x', at: 10 }]), { until: 'handled' });
    await engine.publish(acted([{ set: 'x', at: 10 }], undefined, 'b'), { until: 'handled' });
    await engine.publish(acted([{ set: 'x', at: 40 }]), { until: 'handled' });
    clock.set(20);
    await engine.drain();
    expect(await toldOf(engine, 'a')).toEqual([]);
    expect(await toldOf(engine, 'b')).toEqual(['x rang']);
    await engine.publish(acted([{ set: 'x', at: 30 }]), { until: 'handled' });
    clock.set(100);
    await engine.drain();
    expect(await toldOf(engine, 'a')).toEqual(['x rang']);
  });

  test('that is cancelled does not fire; to cancel what is not there, or not any more, is no error', async () => {
    const clock = new WallClock();
    const engine = await open(clock);
    await engine.publish(acted([{ cancel: 'x' }, { set: 'x', at: 10 }]), { until: 'handled' });
    await engine.publish(acted([{ cancel: 'x' }, { cancel: 'x' }]), { until: 'handled' });
    await engine.publish(acted([{ cancel: 'x' }, { set: 'y', at: 10 }, { cancel: 'y' }]), {
      until: 'handled',
    });
    await engine.publish(acted([{ set: 'z', at: 10, acts: [{ cancel: 'z' }] }]), { until: 'handled' });
    clock.set(100);
    await engine.drain();
    await engine.publish(acted([{ cancel: 'z' }]), { until: 'handled' });
    expect(await toldOf(engine)).toEqual(['z rang']);
    expect(engine.stats().failed).toBe(0);
  });

  test('may be scheduled by what a timer has published, also for at once', async () => {
    const clock = new WallClock();
    const engine = await open(clock);
    const third = { set: 'x', at: 60 };
    await engine.publish(acted([{ set: 'x', at: 10, acts: [{ set: 'y', at: 0, acts: [third] }] }]));
    await engine.drain();
    clock.set(10);
    await vi.waitFor(async () => expect(await toldOf(engine)).toEqual(['x rang', 'y rang']));
    await engine.drain();
    clock.set(60);
    await engine.drain();
    expect(await toldOf(engine)).toEqual(['x rang', 'y rang', 'x rang']);
  });

  test.each([
    'throw',
    'throw-late',
    'bad-emit',
  ])('of an event that failed (%s) is not kept, and none that it cancelled is lost', async (end) => {
    const clock = new WallClock();
    const engine = await open(clock);
    await engine.publish(acted([{ set: 'before', at: 10 }]), { until: 'handled' });
    await engine.publish(acted([{ set: 'x', at: 10 }, { cancel: 'before' }], end));
    await engine.drain();
    clock.set(10);
    await engine.drain();
    expect(await toldOf(engine)).toEqual(['before rang']);
    expect(engine.stats().failed).toBeGreaterThan(0);
  });

  test('of an event that succeeds on its second try is scheduled once', async () => {
    const clock = new WallClock();
    const engine = await open(clock);
    await engine.publish(acted([{ set: 'x', at: 10 }], 'throw-once'), { until: 'handled' });
    clock.set(10);
    await engine.drain();
    expect(await toldOf(engine)).toEqual(['x rang']);
  });

  test('fails its event when the key has too many, and nothing of that is kept', async () => {
    const clock = new WallClock();
    const engine = await open(clock);
    const many = (from: number, count: number): Acts =>
      Array.from({ length: count }, (_, index) => ({ set: `t${from + index}`, at: 1e6 }));
    await engine.publish(acted(many(0, 1000)), { until: 'handled' });
    await engine.publish(acted([...many(1000, 1), { set: 'early', at: 5 }]));
    // In the place of others there may be as many.
    await engine.publish(acted([{ cancel: 't0' }, ...many(2000, 1), ...many(5, 10)]));
    await engine.publish(acted(many(0, 1), undefined, 'b'));
    await engine.drain();
    const [letter, ...others] = await engine.deadLetters.list();
    expect(others).toEqual([]);
    expect(letter?.error).toMatchObject({
      code: 'MILLRACE_TOO_MANY_TIMERS',
      message: expect.stringContaining("Key 'a' would have more than 1000 pending timers"),
    });
    clock.set(10);
    await engine.drain();
    expect(await toldOf(engine)).toEqual([]);
  });

  test('is waited for by nothing: neither by drain nor by close', async () => {
    const clock = new WallClock();
    const engine = await open(clock);
    await engine.publish(acted([{ set: 'x', at: 10 }]));
    await engine.drain();
    await engine.close();
    expect(clock.alarms).toEqual([]);
  });
});

describe('a lane that dies, or is ended', () => {
  test.each([
    [1, 'die'],
    [2, 'die'],
    [2, 'hang'],
  ])('takes nothing of its events’ timers along, and schedules none twice, %i threads, %s', async (threads, end) => {
    const clock = new WallClock();
    const engine = await openTimed(clock, { threads, durability: 'memory', handlerTimeoutMs: 300 });
    await engine.publishMany([
      acted([{ set: 'one', at: 10 }]),
      acted([{ set: 'two', at: 20 }, { cancel: 'one' }], end),
      acted([{ set: 'three', at: 30 }]),
    ]);
    await engine.drain();
    clock.set(50);
    await engine.drain();
    expect(await toldOf(engine)).toEqual(['two rang', 'three rang']);
  });
});

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
    await vi.waitFor(() => {
      expect(notices).toEqual([{ kind: 'timers-held', type: 'timer.rang', count: 1 }]);
    });
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

describe('what a handler gives', () => {
  /** What becomes of an event whose handler does this. */
  async function codeOf(call: (ctx: HandlerContext, event: NewEvent) => void): Promise<string | undefined> {
    const module = defineHandlers('given', (on) => {
      on(Acted, (_event, ctx) => call(ctx, Rang({ key: 'a', name: 'x' })), { onFailure: 'skip' });
    });
    await using engine = await createTestEngine({ events: TIMER_EVENTS, handlers: [module] });
    await engine.publish(acted([]));
    await engine.drain();
    const [letter] = await engine.deadLetters.list();
    expect(await collect(engine, { types: [Rang] })).toEqual([]);
    return letter && (letter.error as { code?: string }).code;
  }

  test.each<[string, unknown]>([
    ['NaN', Number.NaN],
    ['no end of time', Number.POSITIVE_INFINITY],
    ['a time that no Date can hold', 8.64e15 + 1],
    ['a Date that is none', new Date(Number.NaN)],
    ['nothing', undefined],
    ['null', null],
    ['a text', '2026-01-01'],
    ['a big number', 5n],
    ['an empty object', {}],
    ['a delay that is NaN', { in: Number.NaN }],
    ['a delay beyond all time', { in: 8.64e15 }],
    ['a delay of an unknown unit', { in: '1 fortnight' }],
    ['a delay with a sign', { in: '-1h' }],
    ['a delay of digits without end', { in: `${'9'.repeat(400)}d` }],
    ['an object in the place of a delay', { in: {} }],
  ])('as a time: %s fails the event', async (_what, at) => {
    expect(await codeOf((ctx, event) => ctx.schedule(event, at as number))).toBe('MILLRACE_INVALID_TIMER');
  });

  test.each<[string, unknown]>([
    ['an empty text', ''],
    ['half a character', '\ud800'],
    ['a number', 5],
    ['null', null],
    ['a text of 1,025 bytes', 'x'.repeat(1025)],
  ])('as a name: %s fails the event, to schedule and to cancel', async (_what, name) => {
    const code = name === null ? undefined : 'MILLRACE_INVALID_TIMER';
    const far = { in: '1d' } as const;
    expect(await codeOf((ctx, event) => ctx.schedule(event, far, { name: name as string }))).toBe(code);
    expect(await codeOf((ctx) => ctx.cancel(name as string))).toBe('MILLRACE_INVALID_TIMER');
  });

  test.each<[string, string, (ctx: HandlerContext, event: NewEvent) => void]>([
    ['no event', 'MILLRACE_UNKNOWN_EVENT_TYPE', (ctx) => ctx.schedule({} as NewEvent, 5)],
    [
      'an event of a type that is not registered',
      'MILLRACE_UNKNOWN_EVENT_TYPE',
      (ctx) =>
        ctx.schedule(defineEvent('test.other', { schema: z.object({}), aggregateId: () => 'x' })({}), {
          in: 5,
        }),
    ],
    [
      'a payload that does not match its schema',
      'MILLRACE_SCHEMA_MISMATCH',
      (ctx) => ctx.schedule(Rang({ key: 'a', name: 5 as unknown as string }), { in: '1h' }),
    ],
    [
      'a payload that no log can keep',
      'MILLRACE_UNSUPPORTED_PAYLOAD',
      (ctx) => ctx.schedule(Rang({ key: 'a', name: 'x', acts: [() => {}] }), { in: '1h' }),
    ],
    [
      'events that are too large together',
      'MILLRACE_PAYLOAD_TOO_LARGE',
      (ctx) => {
        for (let number = 0; number < 9; number++) {
          ctx.schedule(Rang({ key: 'a', name: 'x'.repeat(2 ** 21) }), { in: '1h' }, { name: `${number}` });
        }
      },
    ],
    [
      'an option that it does not know',
      'MILLRACE_INVALID_OPTION',
      (ctx, event) => ctx.schedule(event, { in: '1h' }, { nmae: 'x' } as never),
    ],
  ])('%s fails the event', async (_what, code, call) => {
    expect(await codeOf(call)).toBe(code);
  });

  test.each<[string, Parameters<HandlerContext['schedule']>[1]]>([
    ['in three hundred years', { in: 300 * 365 * 86_400_000 }],
    ['at the end of all time', 8.64e15],
    ['at a Date', new Date(8.64e15)],
    ['in more milliseconds than a timer of Node’s takes', { in: 2 ** 31 + 5 }],
  ])('a time %s is one like any other', async (_what, at) => {
    expect(await codeOf((ctx, event) => ctx.schedule(event, at))).toBeUndefined();
  });

  test('after it has ended fails', async () => {
    let late: HandlerContext | undefined;
    const module = defineHandlers('late', (on) => {
      on(Acted, (_event, ctx) => {
        late = ctx;
      });
    });
    await using engine = await createTestEngine({ events: TIMER_EVENTS, handlers: [module] });
    await engine.publish(acted([]), { until: 'handled' });
    expect(() => late?.schedule(Rang({ key: 'a', name: 'x' }), 5)).toThrow(/ctx.schedule was called after/);
    expect(() => late?.cancel('x')).toThrow(/ctx.cancel was called after/);
  });
});

describe('time', () => {
  test('is the wall clock’s in an engine of Node’s, and far timers do not wake it early', async () => {
    const engine = await openTestEngine({ events: TIMER_EVENTS, handlers: [handlers('timers')] });
    const day = 86_400_000;
    await engine.publish(
      acted([
        { set: 'soon', in: 20 },
        { set: 'far', in: 30 * day },
        { set: 'x', in: '40d' },
      ]),
    );
    await vi.waitFor(async () => expect(await toldOf(engine)).toEqual(['soon rang']), { timeout: 10_000 });
    await engine.drain();
    expect(await collect(engine, { types: [Rang] })).toHaveLength(1);
  });

  test('is the test’s in a test engine', async () => {
    const module = defineHandlers('hours', (on) => {
      on(Acted, ({ data: { key } }, ctx) => {
        ctx.schedule(Rang({ key, name: 'hour' }), { in: '1h' });
        ctx.schedule(Rang({ key, name: 'past' }), new Date(0), { name: 'past' });
        ctx.schedule(Rang({ key, name: 'never' }), { in: '30m' }, { name: 'never' });
        ctx.cancel('never');
      });
      on(Rang, ({ data: { key, name } }, ctx) => ctx.emit(Noted({ key, what: `${name} ${ctx.now()}` })));
    });
    await using engine = await createTestEngine({ events: TIMER_EVENTS, handlers: [module], now: 1000 });
    await engine.publish(acted([]));
    await engine.drain();
    expect(engine.clock.next).toBe(3_600_000);
    engine.clock.advance(3_599_999);
    await engine.drain();
    expect(await toldOf(engine)).toEqual(['past 1000']);
    engine.clock.advance(1);
    await engine.drain();
    expect(await toldOf(engine)).toEqual(['past 1000', 'hour 3601000']);
  });
});
