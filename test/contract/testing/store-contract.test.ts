import {
  type MakeStore,
  MemoryStore,
  type Store,
  type StoreContractOptions,
  storeContract,
} from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import { SqliteStore } from '../../../dist/src/store/sqlite-store.js';
import { tempStore } from '../../support/temp-folder.js';
import { BROKEN_STORES, FORGETFUL_STORES } from '../../support/testing/broken-stores.js';
import { Delegate } from '../../support/testing/delegate-store.js';

/** What is built is what runs; its types are another copy of those of the package's own name. */
const own = (store: SqliteStore): Store => store as unknown as Store;

const memory: MakeStore = (run) => new MemoryStore(run);
/** A store in a file, at either durability. */
function sqliteAt(synchronous: 'NORMAL' | 'FULL') {
  const sqlite: MakeStore = (run) => own(new SqliteStore(tempStore(), synchronous, run));
  const reopen = (closed: Store, run: string) => own(new SqliteStore(closed.location, synchronous, run));
  return { sqlite, reopen };
}

const { sqlite, reopen } = sqliteAt('NORMAL');

describe('a store in memory', () => {
  for (const { name, run } of storeContract(memory)) test(name, run);
});

describe.each(['NORMAL', 'FULL'] as const)('a store in a file, synchronous %s', (synchronous) => {
  const { sqlite, reopen } = sqliteAt(synchronous);
  for (const { name, run } of storeContract(sqlite, { reopen })) test(name, run);
});

describe('any other store', () => {
  for (const { name, run } of storeContract(async (run) => new Delegate(await memory(run)))) test(name, run);
});

/** Runs one check alone. */
async function runCheck(name: string, make: MakeStore, options?: StoreContractOptions): Promise<void> {
  const check = storeContract(make, options).find((one) => one.name === name);
  if (!check) throw new Error(`There is no check '${name}'.`);
  await check.run();
}

describe('a store breaks the contract when it', () => {
  test.each(BROKEN_STORES)('%s', async (_fault, breakIt, check, text) => {
    await runCheck(check, memory);
    await expect(runCheck(check, async (run) => breakIt(await memory(run)))).rejects.toThrow(text);
  });

  test.each(FORGETFUL_STORES)('%s', async (_fault, breakIt, check, text) => {
    const forgetful = { reopen: (closed: Store, run: string) => breakIt(reopen(closed, run)) };
    await runCheck(check, sqlite, { reopen });
    await expect(runCheck(check, sqlite, forgetful)).rejects.toThrow(text);
  });
});

test('a check that fails says in how many places, and where', async () => {
  const [, breakIt] = BROKEN_STORES[0] as (typeof BROKEN_STORES)[number];
  const broken = runCheck('a new store is empty and has numbered the event types', async (run) =>
    breakIt(await memory(run)),
  );
  await expect(broken).rejects.toMatchObject({
    code: 'MILLRACE_TEST_ASSERTION',
    message: 'The store breaks its contract in 1 place:\n  state.lastPosition: expected 0, got 5',
  });
});

test('every check has a name of its own', () => {
  const names = storeContract(sqlite, { reopen }).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
