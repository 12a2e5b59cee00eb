import { openStoreReader, retryDeadLetters, verifyStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { STATE_EVENTS, Stepped, Told } from '../../handlers/state-events.mjs';
import { collect } from '../../support/collect.js';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { openTestEngine } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

function open(store: string, version: number, threads: number) {
  const handlers = [new URL(`../../handlers/versioned.mjs?v=${version}`, import.meta.url)];
  return openTestEngine({ events: STATE_EVENTS, handlers, store, threads });
}

/** The stored states of a version, by key. */
function storedIn(path: string, wanted: number): Record<string, unknown> {
  using reader = openStoreReader(path);
  const states = [...reader.states()].filter(({ version }) => version === wanted);
  return Object.fromEntries(states.map(({ key, value }) => [key, value]));
}

const step = (key: string, n: number, what?: string) =>
  Stepped({ key, n, ...(what !== undefined && { do: what }) });

describe.each(INLINE_AND_THREADS)('a state of a new version, %i threads', (threads) => {
  test('is built anew from the log, and nothing is emitted for that', async () => {
    const store = tempStore();
    const first = await open(store, 1, threads);
    await first.publishMany([step('a', 1), step('b', 2), step('a', 3, 'fail'), step('a', 4)]);
    await first.publish(step('c', 8, 'fail-as-1'), { until: 'handled' }).catch(() => {});
    await first.drain();
    await first.close();
    expect(storedIn(store, 1)).toEqual({ a: { sum: 5, seen: 2 }, b: { sum: 2, seen: 1 } });

    const second = await open(store, 2, threads);
    await second.publishMany([step('a', 16), step('d', 32)]);
    await second.recovered;
    await second.drain();
    const told = await collect(second, { types: [Told] });
    const tellings = told.map(({ data }) => data as { key: string; sum: number; count: number });
    expect(tellings.map(({ key, sum, count }) => [key, sum, count]).sort()).toEqual([
      ['a', 1, 1],
      ['a', 42, 2],
      ['a', 5, 1],
      ['b', 2, 1],
      ['d', 64, 2],
    ]);
    // What was skipped is no part of it, whatever its handler would do today.
    expect((await second.deadLetters.list()).map(({ key }) => key)).toEqual(['a', 'c']);
    await second.close();
    const built = { a: { sum: 42, seen: 3 }, b: { sum: 4, seen: 1 }, d: { sum: 64, seen: 1 } };
    expect(storedIn(store, 2)).toEqual(built);
    expect(verifyStore(store).problems).toEqual([]);

    const third = await open(store, 2, threads);
    await third.publish(step('b', 1), { until: 'handled' });
    await third.close();
    expect(storedIn(store, 2)).toEqual({ ...built, b: { sum: 6, seen: 2 } });
  });

  test('has what an older version alone has skipped while it was built, and no dead letter of that', async () => {
    const store = tempStore();
    const built = async (version: number) => {
      const engine = await open(store, version, threads);
      if (version === 1)
        await engine.publishMany([step('a', 1), step('a', 2, 'fail-as-2'), step('a', 4, 'fail')]);
      await engine.recovered;
      await engine.drain();
      const letters = (await engine.deadLetters.list()).map(({ position }) => position);
      await engine.close();
      return letters;
    };
    expect(await built(1)).toEqual([3]);
    expect(await built(2)).toEqual([2, 3]);
    expect(await built(3)).toEqual([3]);
    expect(storedIn(store, 3)).toEqual({ a: { sum: 9, seen: 2 } });
    expect(verifyStore(store).problems).toEqual([]);
  });

  test('goes on being built where a closed engine has left it', async () => {
    const store = tempStore();
    const first = await open(store, 1, threads);
    const keys = Array.from({ length: 200 }, (_, index) => `k${index % 10}`);
    await first.publishMany(
      keys.map((key) => step(key, 1)),
      { until: 'handled' },
    );
    await first.close();
    for (let attempt = 0; attempt < 3; attempt++) {
      const again = await open(store, 2, threads);
      await again.publish(step('k0', 1));
      await again.close();
    }
    const last = await open(store, 2, threads);
    await last.recovered;
    await last.close();
    const expected = Object.fromEntries(keys.slice(0, 10).map((key) => [key, { sum: 40, seen: 20 }]));
    expect(storedIn(store, 2)).toEqual({ ...expected, k0: { sum: 46, seen: 23 } });
  });
});

test.each(
  INLINE_AND_THREADS,
)('a state of which a part was built anew when the engine failed is built to its end, %i threads', async (threads) => {
  const store = tempStore();
  const orders = new Int32Array(new SharedArrayBuffer(4));
  const openAs = (version: number) =>
    openTestEngine({
      events: STATE_EVENTS,
      handlers: [new URL(`../../handlers/versioned-stopping.mjs?v=${version}`, import.meta.url)],
      ...{ store, threads, shared: { orders }, durability: 'os' },
    });
  const first = await openAs(1);
  await first.publishMany([step('a', 1), step('a', 1), step('b', 1, 'stop'), step('b', 1)]);
  await first.drain();
  await first.close();

  const second = await openAs(2);
  while (storedIn(store, 2).a !== 4) await new Promise((resolve) => setTimeout(resolve, 5));
  orders[0] = 1;
  await expect(second.drain()).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
  await second.close().catch(() => {});
  expect(storedIn(store, 2)).toEqual({ a: 4 });

  orders[0] = 2;
  const third = await openAs(2);
  await third.recovered;
  await third.close();
  expect(storedIn(store, 2)).toEqual({ a: 4, b: 4 });
});

test('what another module alone has skipped is part of a state that is built anew', async () => {
  const store = tempStore();
  const first = await open(store, 1, 0);
  await first.publishMany([step('a', 1), step('a', 2, 'fail'), step('a', 4, 'fail-late')]);
  await first.drain();
  await first.close();
  const handlers = (version: number) => [
    new URL(`../../handlers/versioned.mjs?v=${version}`, import.meta.url),
    new URL('../../handlers/late-step.mjs', import.meta.url),
  ];
  const second = await openTestEngine({ events: STATE_EVENTS, handlers: handlers(1), store, threads: 0 });
  await second.recovered;
  const letters = await second.deadLetters.list();
  expect(letters.map(({ position, owners }) => [position, owners.length])).toEqual([
    [2, 2],
    [3, 1],
  ]);
  await second.close();
  const third = await openTestEngine({ events: STATE_EVENTS, handlers: handlers(2), store, threads: 0 });
  await third.recovered;
  await third.close();
  expect(storedIn(store, 2)).toEqual({ a: { sum: 10, seen: 2 } });
});

test('a state of an older version than the log’s is refused: nothing was kept of it since', async () => {
  const store = tempStore();
  const first = await open(store, 2, 0);
  await first.publish(step('a', 1), { until: 'handled' });
  await first.close();
  await expect(open(store, 1, 0)).rejects.toMatchObject({ code: 'MILLRACE_STATE_VERSION' });
});

describe.each(
  INLINE_AND_THREADS,
)('a key that was parked while its state was built anew, %i threads', (threads) => {
  const openAs = (store: string, version: number) =>
    openTestEngine({
      events: STATE_EVENTS,
      handlers: [new URL(`../../handlers/versioned-parking.mjs?v=${version}`, import.meta.url)],
      ...{ store, threads },
    });

  /** Opens a version, and gives the positions of the dead letters that there are then, with the number of owners. */
  async function built(store: string, version: number, steps: readonly ReturnType<typeof step>[] = []) {
    const engine = await openAs(store, version);
    await engine.recovered;
    await engine.publishMany(steps);
    await engine.drain();
    const letters = await engine.deadLetters.list();
    await engine.close();
    expect(verifyStore(store).problems).toEqual([]);
    return letters.map(({ position, owners }) => [position, owners.length]);
  }

  test('stays so for its version, and is tried again by the next one', async () => {
    const store = tempStore();
    await built(store, 1, [step('a', 1), step('a', 1, 'fail-as-2'), step('b', 1), step('a', 1)]);
    expect(await built(store, 2)).toEqual([[2, 1]]);
    // What comes to the key stays in the log behind it.
    expect(await built(store, 2, [step('a', 1), step('b', 1)])).toEqual([[2, 1]]);
    expect(storedIn(store, 2)).toEqual({ a: 2, b: 4 });
    expect(await built(store, 3, [step('a', 1)])).toEqual([]);
    expect(storedIn(store, 3)).toEqual({ a: 15, b: 6 });
    expect(await built(store, 3, [step('a', 1)])).toEqual([]);
    expect(storedIn(store, 3)).toEqual({ a: 18, b: 6 });
  });

  test('stays a dead letter of the handlers for whom it was one, too', async () => {
    const store = tempStore();
    await built(store, 1, [step('a', 1), step('b', 1), step('a', 1, 'fail')]);
    expect(await built(store, 3)).toEqual([[3, 1]]);
    expect(storedIn(store, 3)).toEqual({ b: 3 });
  });

  test('is tried again when it was asked for while no engine was open', async () => {
    const store = tempStore();
    await built(store, 1, [step('a', 1), step('a', 1, 'fail-as-2')]);
    await built(store, 2);
    retryDeadLetters(store, [2]);
    expect(await built(store, 3)).toEqual([]);
    expect(storedIn(store, 3)).toEqual({ a: 6 });
  });
});
