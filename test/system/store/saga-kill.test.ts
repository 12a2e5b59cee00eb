import { openStoreReader, type StoreReader, verifyStore } from 'millrace/store';
import { expect, test, vi } from 'vitest';
import { Added, Asked } from '../../handlers/saga-box.mjs';
import { Child } from '../../support/child.js';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { openSaga } from '../../support/sagas.js';
import { tempStore } from '../../support/temp-folder.js';

// Processes are started here, beside all other test files.
vi.setConfig({ testTimeout: 120_000 });

interface Send {
  readonly n?: number;
  readonly what?: string;
  readonly next?: readonly Send[];
}

/** Numbers that the events want to be added, in turn those that the added ones want, and how often each was added. */
function sagasIn(reader: StoreReader) {
  const wanted = new Set<number>();
  const added = new Map<number, number>();
  const want = (sends: readonly Send[]) => {
    for (const { n = 0, what = 'add' } of sends) if (what !== 'refuse') wanted.add(n);
  };
  for (const { type, data } of reader.read()) {
    if (type === Added.type) {
      const { n, next } = data as { n: number; next: readonly Send[] };
      added.set(n, (added.get(n) ?? 0) + 1);
      want(next);
    }
    if (type !== Asked.type) continue;
    const { sends, end } = data as { sends: readonly Send[]; end: string };
    if (end !== 'throw') want(sends);
  }
  return { wanted, added };
}

test.each(
  INLINE_AND_THREADS,
)('killed at any time, each command of a handler was done once or is pending, %i threads', async (threads) => {
  const store = tempStore();
  for (const count of [1, 60, 400]) {
    const child = new Child('sagas-until-killed.mjs', store, String(threads), String(count));
    await child.wrote(1);
    await child.kill();
    expect(verifyStore(store).problems).toEqual([]);
    using reader = openStoreReader(store);
    const { added } = sagasIn(reader);
    const pending = [...reader.commands()].map(({ input }) => (input as Send).n);
    // What is done is gone in the same transaction.
    expect(pending.filter((n) => n !== undefined && n > 0 && added.has(n))).toEqual([]);
    expect([...added].filter(([, times]) => times > 1)).toEqual([]);
  }
  const engine = await openSaga({ store, threads });
  await engine.recovered;
  await engine.drain();
  expect(engine.heldCommands()).toEqual([]);
  await engine.close();
  using reader = openStoreReader(store);
  const { wanted, added } = sagasIn(reader);
  expect([...wanted].filter((n) => added.get(n) !== 1)).toEqual([]);
  expect([...added.keys()].filter((n) => !wanted.has(n))).toEqual([]);
  expect([...reader.commands()]).toEqual([]);
  expect(verifyStore(store).problems).toEqual([]);
});
