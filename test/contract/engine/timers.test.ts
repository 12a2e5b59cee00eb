import { describe, expect, test } from 'vitest';
import { Acted, Rang } from '../../handlers/timer-events.mjs';
import { collect } from '../../support/collect.js';
import { storeFor } from '../../support/open-test-engine.js';
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
    await expect.poll(() => toldOf(engine)).toEqual(['x rang', 'y rang']);
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
