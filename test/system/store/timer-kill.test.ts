import { openStoreReader, type StoreReader, verifyStore } from 'millrace/store';
import { expect, test, vi } from 'vitest';
import { Acted, Noted, Rang, TIMER_EVENTS } from '../../handlers/timer-events.mjs';
import { Child } from '../../support/child.js';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

// Processes are started here, beside all other test files.
vi.setConfig({ testTimeout: 120_000 });

interface Timers {
  /** Names that events which do not fail schedule, and that they cancel. */
  readonly wanted: ReadonlySet<string>;
  readonly cancelled: ReadonlySet<string>;
  /** How often each has fired. */
  readonly rang: ReadonlyMap<string, number>;
  readonly pending: ReadonlySet<string>;
}

/** What a store says of the timers that are scheduled once each. */
function timersIn(reader: StoreReader): Timers {
  const wanted = new Set<string>();
  const cancelled = new Set<string>();
  const rang = new Map<string, number>();
  for (const { type, data } of reader.read()) {
    if (type === Rang.type) {
      const { name } = data as { name: string };
      rang.set(name, (rang.get(name) ?? 0) + 1);
    }
    if (type !== Acted.type) continue;
    const { acts, end } = data as { acts: { set?: string; cancel?: string }[]; end?: string };
    if (end === 'throw' || end === 'throw-late') continue;
    for (const { set, cancel } of acts) {
      if (set !== undefined) wanted.add(set);
      if (cancel !== undefined) cancelled.add(cancel);
    }
  }
  const pending = new Set([...reader.timers()].map(({ name }) => name));
  for (const names of [wanted, pending, rang]) names.delete('again');
  return { wanted, cancelled, rang, pending };
}

test.each(
  INLINE_AND_THREADS,
)('killed at any time, each timer has fired once or is pending, %i threads', async (threads) => {
  const store = tempStore();
  for (const count of [1, 40, 300]) {
    const child = new Child('timers-until-killed.mjs', store, String(threads), String(count));
    await child.wrote(1);
    await child.kill();
    expect(verifyStore(store).problems).toEqual([]);
    using reader = openStoreReader(store);
    const { rang, pending } = timersIn(reader);
    // What has fired is gone in the same transaction.
    expect([...pending].filter((name) => rang.has(name))).toEqual([]);
    expect([...rang].filter(([, times]) => times > 1)).toEqual([]);
  }
  const engine = await openTestEngine({
    events: TIMER_EVENTS,
    handlers: [handlers('timers')],
    store,
    threads,
  });
  await engine.recovered;
  await vi.waitFor(
    () => {
      using reader = openStoreReader(store);
      expect(reader.summary().timers.pending).toBe(0);
    },
    { timeout: 20_000 },
  );
  await engine.drain();
  await engine.close();
  using reader = openStoreReader(store);
  const { wanted, cancelled, rang } = timersIn(reader);
  const lost = [...wanted].filter((name) => !rang.has(name) && !cancelled.has(name));
  const unwanted = [...rang].filter(([name, times]) => times !== 1 || !wanted.has(name));
  expect({ lost, unwanted }).toEqual({ lost: [], unwanted: [] });
  const noted = [...reader.read({ types: [Noted.type] })].length;
  expect(noted).toBe([...reader.read({ types: [Rang.type] })].length);
  expect(verifyStore(store).problems).toEqual([]);
});
