import type { Engine, EngineOptions } from 'millrace';
import { openStoreReader, verifyStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { EVENTS, Put, Rang, Till, Told } from '../../handlers/kept.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { ENGINES } from '../../support/executors.js';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';

const TILLS = ['a', 'b', 'c', 'd', 'e'];

/** Amounts that are put into a till, in order, by publishers and commands in turn. */
const AMOUNTS = oneTo(12);

function open(options: Partial<EngineOptions>): Promise<Engine> {
  const module = handlers('kept');
  return openTestEngine({ events: EVENTS, handlers: [module], aggregates: [module], ...options });
}

/** Puts all amounts into a till, each when the one before is in the log. */
async function fill(engine: Engine, till: string, dying: (amount: number) => boolean): Promise<void> {
  let sum = 0;
  for (const amount of AMOUNTS) {
    sum += amount;
    if (amount % 2 === 0) {
      const options = { commandId: `${till} ${amount}` };
      const { reply, version } = await engine.execute(Till, till, 'put', { amount }, options);
      expect([reply, version]).toEqual([sum, amount]);
    } else await engine.publish(Put({ till, amount, dies: dying(amount) }));
    // Beside the handlers, which may not have come so far.
    expect(await engine.query(Till, till, (state) => state.sum)).toBe(sum);
  }
}

/** State, history, timers, aggregate and repeated commands of a till all say what was put into it. */
async function expectKept(engine: Engine, till: string): Promise<void> {
  const sums = AMOUNTS.map((amount) => (amount * (amount + 1)) / 2);
  const told = await collect(engine, { aggregateId: `told-${till}`, types: [Told] });
  expect(told.map(({ data }) => data)).toEqual(sums.map((sum, past) => ({ till, sum, past })));
  const rang = await collect(engine, { aggregateId: `rang-${till}`, types: [Rang] });
  expect(rang.map(({ data }) => data)).toEqual([3, 6, 9, 12].map((amount) => ({ till, amount })));
  const full = engine.execute(Till, till, 'put', { amount: 1000 });
  await expect(full).rejects.toMatchObject({ code: 'MILLRACE_COMMAND_REFUSED', details: { rule: 'full' } });
  const again = await engine.execute(Till, till, 'put', { amount: 6 }, { commandId: `${till} 6` });
  expect(again).toMatchObject({ reply: 21, version: 6, isRepeated: true });
  expect(await engine.query(Till, till, ({ sum }) => sum)).toBe(sums.at(-1));
}

/** What is stored of the tills when their engine is closed: each far timer was cancelled after it was set. */
function expectStored(path: string): void {
  using reader = openStoreReader(path);
  const states = [...reader.states()].map(({ key, value }) => [key, value] as const);
  const expected = TILLS.map((till) => [till, { sum: 78, rang: 4 }] as const);
  expect(new Map(states)).toEqual(new Map(expected));
  expect([...reader.timers()]).toEqual([]);
  expect(verifyStore(path).problems).toEqual([]);
}

describe.each(ENGINES)('what is kept of keys, $threads threads, $durability', ({ threads, durability }) => {
  const kept = { threads, concurrency: 3, ...storeFor(durability) };

  test('is one story in states, histories, timers, commands and queries', async () => {
    const { store } = { store: undefined, ...kept };
    const engine = await open(kept);
    await Promise.all(TILLS.map((till) => fill(engine, till, () => false)));
    await engine.drain();
    for (const till of TILLS) await expectKept(engine, till);
    expect(engine.stats().failed).toBe(0);
    await engine.close();
    if (store === undefined) return;
    expectStored(store);
    const second = await open({ ...kept, threads: threads === 0 ? 1 : 0 });
    for (const till of TILLS) await expectKept(second, till);
  });

  test.skipIf(threads === 0)('is the same when lanes die of events and commands meanwhile', async () => {
    const settings = { threads, concurrency: 3, ...storeFor(durability) };
    const engine = await open(settings);
    let deaths = 0;
    engine.onNotice(({ kind }) => {
      if (kind === 'lane-replaced') deaths++;
    });
    // The first of one till and the last of another one.
    const filled = TILLS.map((till) =>
      fill(engine, till, (amount) => `${till}${amount}` in { a1: 1, b11: 1 }),
    );
    const died = engine.execute(Till, 'a', 'die', undefined);
    await Promise.all([...filled, expect(died).rejects.toMatchObject({ code: 'MILLRACE_LANE_CRASHED' })]);
    await engine.drain();
    expect(deaths).toBeGreaterThanOrEqual(3);
    for (const till of TILLS) await expectKept(engine, till);
    expect(await engine.deadLetters.list()).toEqual([]);
    await engine.close();
    if (settings.store !== undefined) expectStored(settings.store);
  });
});
