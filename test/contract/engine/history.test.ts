import { existsSync } from 'node:fs';
import { type Engine, type EngineOptions, type NewEvent, openEngine } from 'millrace';
import { describe, expect, test } from 'vitest';
import { Booked, HISTORY_EVENTS, Reviewed } from '../../handlers/history-events.mjs';
import { collect } from '../../support/collect.js';
import { EXECUTORS } from '../../support/executors.js';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

const HISTORIAN = { events: HISTORY_EVENTS, handlers: [handlers('historian')] };

const booked = (account: string, amount: number, what?: string, branch = 'main') =>
  Booked({ account, amount, branch, ...(what !== undefined && { do: what }) });

/** What the handlers have read for an account, one list for each event that was handled. */
async function seenBy(engine: Engine, account: string): Promise<unknown[]> {
  const reviews = await collect(engine, { aggregateId: `reviews-of-${account}` });
  return reviews.map(({ data }) => (data as { seen: unknown }).seen);
}

/** 1, 1 to 2, 1 to 3, …: what lies before each of so many events. */
const earlier = (count: number) =>
  Array.from({ length: count }, (_, index) => Array.from({ length: index }, (_, n) => n + 1));

const ENGINES = EXECUTORS.flatMap((threads) =>
  (['memory', 'os'] as const).flatMap((durability) =>
    (['durable', 'accepted'] as const).map((dispatch) => ({ threads, durability, dispatch })),
  ),
);

describe.each(ENGINES)('ctx.history with $threads threads, $durability, dispatch $dispatch', ({
  threads,
  durability,
  dispatch,
}) => {
  const open = (more: Partial<EngineOptions> = {}) =>
    openTestEngine({ ...HISTORIAN, ...storeFor(durability), threads, dispatch, ...more });

  test('gives everything before the event and nothing behind it', async () => {
    const engine = await open();
    const amounts = Array.from({ length: 12 }, (_, index) => index + 1);
    await engine.publishMany(amounts.flatMap((n) => [booked('a', n), booked('b', n)]));
    await engine.drain();
    expect(await seenBy(engine, 'a')).toEqual(earlier(12));
    expect(await seenBy(engine, 'b')).toEqual(earlier(12));
    expect(engine.stats().failed).toBe(0);
  });

  test('gives the same in deterministic mode, also to events that run ahead of their numbers', async () => {
    // One handler at a time: while it waits, its lane does not come to the end of the batch.
    const engine = await open({ deterministic: true, seed: 's', concurrency: 1 });
    const amounts = Array.from({ length: 24 }, (_, index) => index + 1);
    await engine.publishMany(
      amounts.flatMap((n) =>
        ['a', 'b'].map((account) => {
          // Some handlers end at once, so that others begin while nothing of those has been answered.
          const event = booked(account, n, n % 3 === 0 ? undefined : 'nothing');
          return { ...event, options: { occurredAt: n } };
        }),
      ),
    );
    await engine.drain();
    const wanted = earlier(25).filter((_, index) => (index + 1) % 3 === 0);
    expect(await seenBy(engine, 'a')).toEqual(wanted);
    expect(await seenBy(engine, 'b')).toEqual(wanted);
  });

  test('gives each event as it is in the log', async () => {
    const engine = await open();
    const bytes = new Uint8Array([1, 2]);
    const told = { occurredAt: 5, metadata: { by: 'me' }, eventId: 'e1' };
    await engine.publish(Booked({ account: 'a', branch: 'main', amount: 1, do: 'nothing', bytes }, told));
    await engine.publish(booked('a', 2, 'whole'), { until: 'handled' });
    const [, { id } = { id: '' }] = await collect(engine, { aggregateId: 'a@main' });
    const [[event]] = (await seenBy(engine, 'a')) as [[Record<string, unknown>]];
    expect(event).toEqual({
      ...{ version: 1, type: Booked.type, key: 'a', id: id.replace(/2$/, '1'), bytes: [1, 2] },
      metadata: { by: 'me', eventId: 'e1', correlationId: id.replace(/2$/, '1') },
    });
  });

  test('gives a second try what the first one was given', async () => {
    const engine = await open();
    await engine.publishMany([booked('a', 1, 'nothing'), booked('a', 2, 'fail once'), booked('a', 3)]);
    await engine.drain();
    expect(await seenBy(engine, 'a')).toEqual([[1], [1, 2]]);
  });
});

test('a history of thousands of events comes page by page, and may be left', async () => {
  for (const durability of ['memory', 'os'] as const) {
    const engine = await openTestEngine({ ...HISTORIAN, ...storeFor(durability), threads: 1 });
    await engine.publishMany(Array.from({ length: 2000 }, (_, n) => booked('a', n + 1, 'nothing')));
    await engine.publishMany([booked('a', 0), booked('a', 0, 'first')]);
    await engine.drain();
    expect(await seenBy(engine, 'a')).toEqual([Array.from({ length: 2000 }, (_, n) => n + 1), [1]]);
    await engine.close();
  }
});

test('an aggregate that does not exist has an empty one', async () => {
  const engine = await openTestEngine({ ...HISTORIAN, threads: 1, store: tempStore() });
  await engine.publish(booked('a', 1, 'of nobody'), { until: 'handled' });
  expect(await seenBy(engine, 'a')).toEqual([[]]);
});

test('aggregates of other keys are seen, and in deterministic mode only what is of the own key', async () => {
  for (const deterministic of [false, true]) {
    const engine = await openTestEngine({ ...HISTORIAN, threads: 2, store: tempStore(), deterministic });
    const at = (event: NewEvent) => ({ ...event, options: { occurredAt: 1 } });
    await engine.publishMany([booked('a', 1, 'nothing', 'town'), booked('b', 2, 'nothing')].map(at));
    await engine.drain();
    await engine.publish(at(booked('b', 3, 'of a@town')), { until: 'handled' });
    await engine.publish(at(booked('a', 4, 'of a@town')), { until: 'handled' });
    expect(await seenBy(engine, 'b')).toEqual([deterministic ? [] : [1]]);
    expect(await seenBy(engine, 'a')).toEqual([[1]]);
    await engine.close();
  }
});

test('in deterministic mode it makes no difference on how many threads it is read', async () => {
  const prints: string[] = [];
  for (const threads of [0, 1, 2, 4]) {
    const engine = await openTestEngine({ ...HISTORIAN, threads, deterministic: true, dispatch: 'accepted' });
    const keys = Array.from({ length: 7 }, (_, index) => `k${index}`);
    await engine.publishMany(
      Array.from({ length: 140 }, (_, n) => ({
        ...booked(keys[n % 7] as string, n, [undefined, 'nothing', `of ${keys[(n * 3) % 7]}@main`][n % 3]),
        options: { occurredAt: n },
      })),
    );
    prints.push(await engine.fingerprint());
  }
  expect(new Set(prints).size).toBe(1);
});

describe('an event in an older form', () => {
  /** A type that only the main thread has: the handlers on the lanes do not handle it. */
  test.each([0, 1])('comes in the current one, which only the engine knows, %i threads', async (threads) => {
    const { Old, New } = await import('../../support/renamed-event.js');
    const store = tempStore();
    const first = await openEngine({ events: [Old], store, run: 'run' });
    await first.publish(Old({ account: 'a', cents: 700 }));
    await first.close();
    const engine = await openTestEngine({ ...HISTORIAN, events: [...HISTORY_EVENTS, New], store, threads });
    await engine.publish(New({ account: 'a', amount: 8 }));
    await engine.publish(booked('a', 1, 'of savings-a'), { until: 'handled' });
    expect(await seenBy(engine, 'a')).toEqual([[7, 8]]);
  });
});

describe('what fails in a history fails its event', () => {
  const failure = async (engine: Engine) => (await engine.deadLetters.list())[0]?.error;

  test.each([0, 1])('an id that is no text, %i threads', async (threads) => {
    const engine = await openTestEngine({ ...HISTORIAN, threads });
    await engine.publish(booked('a', 1, 'no text'), { until: 'durable' });
    await engine.drain();
    expect(await failure(engine)).toMatchObject({ code: 'MILLRACE_INVALID_OPTION' });
  });

  test.each([0, 1])('events that a log in memory has dropped, %i threads', async (threads) => {
    const engine = await openTestEngine({ ...HISTORIAN, threads, memoryBytes: 1024 * 1024 });
    for (let round = 0; round < 6; round++) {
      await engine.publishMany(Array.from({ length: 5000 }, (_, n) => booked('a', n, 'nothing')));
      await engine.drain();
    }
    await engine.publish(booked('a', 1));
    await engine.drain();
    expect(await failure(engine)).toMatchObject({ code: 'MILLRACE_NOT_RETAINED' });
  });

  test.each([0, 1])('one that is read after its handler has ended, %i threads', async (threads) => {
    const engine = await openTestEngine({ ...HISTORIAN, threads, dispatch: 'accepted' });
    await engine.publishMany([booked('a', 1, 'leave'), booked('a', 1, 'read what was left')]);
    await engine.drain();
    expect(await failure(engine)).toMatchObject({ code: 'MILLRACE_EMIT_AFTER_END' });
  });
});

test('a store that lanes have read is one file when it is closed', async () => {
  const store = tempStore();
  const engine = await openTestEngine({ ...HISTORIAN, store, threads: 2 });
  await engine.publishMany(Array.from({ length: 20 }, (_, n) => booked(`k${n}`, n)));
  await engine.drain();
  expect(await collect(engine, { types: [Reviewed] })).toHaveLength(20);
  await engine.close();
  for (const suffix of ['-wal', '-shm']) expect(existsSync(store + suffix)).toBe(false);
});
