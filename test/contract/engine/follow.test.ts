import type { DomainEvent, Engine } from 'millrace';
import { describe, expect, test } from 'vitest';
import { Audited, Deposited, Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { handlers, openForTests, openTestEngine, storeFor } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

const notes = (count: number) => oneTo(count).map((value) => Noted({ note: `n${value % 7}`, value }));

/** The positions of so many events. */
async function take(events: AsyncIterable<DomainEvent>, count: number): Promise<number[]> {
  const positions: number[] = [];
  for await (const { position } of events) if (positions.push(position) === count) break;
  return positions;
}

async function next(events: AsyncIterator<DomainEvent>): Promise<number | undefined> {
  const { value } = await events.next();
  return value?.position;
}

/** What is told of a consumer by the log. */
const placeOf = (engine: Engine, name: string) =>
  engine.consumers.list().find((consumer) => consumer.name === name)?.position;

describe.each(['memory', 'disk'] as const)('follow, %s', (durability) => {
  test.each([
    undefined,
    'reader',
  ])('goes from old to new events without a gap or a double (name %s)', async (name) => {
    const engine = await openTestEngine({
      ...storeFor(durability),
      threads: 2,
      handlers: [handlers('account')],
    });
    await engine.publishMany(notes(700));
    const following = take(engine.follow(name === undefined ? {} : { name }), 3000);
    const publishing = (async () => {
      for (let round = 0; round < 20; round++) await engine.publishMany(notes(100));
      await engine.publishMany(oneTo(100).map((amount) => Deposited({ account: 'a', amount })));
    })();
    await publishing;
    expect(await following).toEqual(oneTo(3000));
  });

  test('begins behind the log, at a position, and gives only the types that are wanted', async () => {
    const engine = await openTestEngine(storeFor(durability));
    await engine.publishMany(notes(10));
    const now = engine.follow({ from: 'now' });
    const fifth = engine.follow({ from: 5 });
    const audits = engine.follow({ types: [Audited] });
    const first = [next(now), next(audits)];
    await engine.publish(Audited({ audit: 'x', amount: 1 }));
    expect(await Promise.all(first)).toEqual([11, 11]);
    expect(await take(fifth, 7)).toEqual([5, 6, 7, 8, 9, 10, 11]);
    await now.return?.();
    expect(await now.next()).toEqual({ value: undefined, done: true });
  });

  test('gives callers who do not wait for each other each event once', async () => {
    const engine = await openTestEngine(storeFor(durability));
    const events = engine.follow();
    const several = [next(events), next(events), next(events)];
    await engine.publishMany(notes(3));
    expect(await Promise.all(several)).toEqual([1, 2, 3]);
  });

  test.each([undefined, 'reader'])('ends with the engine, also while it waits (name %s)', async (name) => {
    const engine = await openForTests(storeFor(durability));
    await engine.publishMany(notes(2));
    const events = engine.follow(name === undefined ? {} : { name });
    expect([await next(events), await next(events)]).toEqual([1, 2]);
    const waiting = events.next();
    await engine.close();
    expect(await waiting).toEqual({ value: undefined, done: true });
    expect(await events.next()).toEqual({ value: undefined, done: true });
  });

  test.each([undefined, 'reader'])('ends by its signal, with its reason (name %s)', async (name) => {
    const engine = await openTestEngine(storeFor(durability));
    const controller = new AbortController();
    const reason = new Error('enough');
    const named = name === undefined ? {} : { name };
    const events = engine.follow({ ...named, signal: controller.signal });
    const waiting = expect(events.next()).rejects.toBe(reason);
    controller.abort(reason);
    await waiting;
    expect(await events.next()).toEqual({ value: undefined, done: true });
    expect(() => engine.follow({ ...named, signal: AbortSignal.abort(reason) })).toThrow(reason);
  });

  test('with a name remembers what is done: not the event in hand', async () => {
    const engine = await openTestEngine(storeFor(durability));
    await engine.publishMany(notes(10));
    expect(await take(engine.follow({ name: 'reader' }), 4)).toEqual([1, 2, 3, 4]);
    expect(placeOf(engine, 'reader')).toBe(3);
    expect(await take(engine.follow({ name: 'reader' }), 3)).toEqual([4, 5, 6]);
  });

  test.each([
    undefined,
    'reader',
  ])('ends when a generator that delegates to it throws (name %s)', async (name) => {
    const engine = await openTestEngine(storeFor(durability));
    await engine.publishMany(notes(3));
    const following = engine.follow(name === undefined ? {} : { name });
    const delegating = (async function* () {
      yield* following;
    })();
    await delegating.next();
    const reason = new Error('enough');
    await expect(delegating.throw(reason)).rejects.toBe(reason);
    expect(await following.next()).toEqual({ value: undefined, done: true });
  });

  test('refuses what it cannot do, at once', async () => {
    const engine = await openTestEngine(storeFor(durability));
    const code = (code: string) => expect.objectContaining({ code });
    for (const from of [0, -1, 1.5, Number.NaN, '1', 'end', null, 5]) {
      expect(() => engine.follow({ from: from as never })).toThrow(code('MILLRACE_INVALID_OPTION'));
    }
    expect(() => engine.follow({ types: null as never })).toThrow(code('MILLRACE_INVALID_OPTION'));
    expect(() => engine.follow({ types: ['no.such'] })).toThrow(code('MILLRACE_UNKNOWN_EVENT_TYPE'));
    expect(() => engine.follow({ form: 'start' } as never)).toThrow(code('MILLRACE_INVALID_OPTION'));
    await expect(engine.follow({ name: '' }).next()).rejects.toThrow(code('MILLRACE_INVALID_OPTION'));
    const first = engine.follow({ name: 'reader' });
    const waiting = first.next();
    await expect(engine.follow({ name: 'reader' }).next()).rejects.toThrow(code('MILLRACE_CONSUMER_RUNNING'));
    await first.return?.();
    expect(await waiting).toEqual({ value: undefined, done: true });
  });
});

test('a named one goes on where it was after a restart', async () => {
  const store = tempStore();
  const before = await openForTests({ store, durability: 'os' });
  await before.publishMany(notes(10));
  expect(await take(before.follow({ name: 'reader' }), 5)).toEqual([1, 2, 3, 4, 5]);
  await before.close();
  const engine = await openTestEngine({ store, durability: 'os' });
  expect(await take(engine.follow({ name: 'reader', from: 'now' }), 2)).toEqual([5, 6]);
});
