import { openStoreReader, verifyStore } from 'millrace/store';
import { expect, test, vi } from 'vitest';
import { STATE_EVENTS, Stepped, Told } from '../../handlers/state-events.mjs';
import { Child } from '../../support/child.js';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

// Processes are started here, beside all other test files.
vi.setConfig({ testTimeout: 120_000 });

interface Telling {
  readonly key: string;
  readonly sum: number;
  readonly count: number;
}

/** What the last event that each key was told of says of its state, and what is stored of it. */
function keysOf(store: string) {
  using reader = openStoreReader(store);
  const told = new Map<string, object>();
  for (const { data } of reader.read({ types: [Told.type] })) {
    const { key, sum, count } = data as Telling;
    told.set(key, { sum, count });
  }
  const sums = [...reader.states()].filter(({ name }) => name === 'sum');
  const stored = sums.map(({ key, value }) => {
    const { sum, count } = value as Telling;
    return [key, { sum, count }] as const;
  });
  return { told: new Map([...told].sort()), stored: new Map(stored.sort()) };
}

test.each(
  INLINE_AND_THREADS,
)('killed at any time, each state is as far as the events that were handled, %i threads', async (threads) => {
  const store = tempStore();
  for (const count of [1, 60, 400]) {
    const child = new Child('states-until-killed.mjs', store, String(threads), String(count));
    await child.wrote(1);
    await child.kill();
    // What an event emits is in the transaction of its progress, and so is its state: neither is ahead of the other.
    const { told, stored } = keysOf(store);
    expect(stored).toEqual(told);
    expect(verifyStore(store).problems).toEqual([]);
  }
  const engine = await openTestEngine({
    events: STATE_EVENTS,
    handlers: [handlers('stateful')],
    store,
    threads,
  });
  await engine.recovered;
  await engine.close();
  const expected = new Map<string, { sum: number; count: number }>();
  using reader = openStoreReader(store);
  for (const { data } of reader.read({ types: [Stepped.type] })) {
    const { key, n, do: what } = data as { key: string; n: number; do?: string };
    if (what === 'fail') continue;
    const { sum, count } = expected.get(key) ?? { sum: 0, count: 0 };
    expected.set(key, { sum: sum + n, count: count + 1 });
  }
  expect(keysOf(store).stored).toEqual(new Map([...expected].sort()));
});
