import { copyFileSync, rmSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { openForTests } from '../../support/open-test-engine.js';
import { StoreUser } from '../../support/store-user.js';
import { tempStore } from '../../support/temp-folder.js';
import { change, GIANTS } from './hostile-stores.js';

/**
 * A process that uses small stores has 110 MB. SQLite's own check of an index loads the value and its copy; what is
 * loaded for every row, or made into JavaScript's text, takes gigabytes.
 */
const MOST_MEMORY = 450_000_000;

/** An engine does not look whether the numbers of an event are numbers before it reads them, which costs time. */
const MOST_MEMORY_OF_ENGINE = 800_000_000;

describe('a value of 100 megabytes is measured and not loaded:', () => {
  const user = new StoreUser();
  const good = tempStore();
  const store = tempStore();

  beforeAll(async () => {
    const engine = await openForTests({ store: good, durability: 'os' });
    await engine.publishMany(oneTo(20).map((value) => Noted({ note: `n${value % 3}`, value })));
    await engine.close();
  });
  // The most memory that it has had is for the process's whole life.
  afterEach(() => user.close());

  test.each(GIANTS)('$name', async (hostility) => {
    for (const suffix of ['', '-wal', '-shm']) rmSync(store + suffix, { force: true });
    copyFileSync(good, store);
    change(store, hostility);
    for (const use of ['read', 'letters', 'verify', 'engine'] as const) {
      const { error, peak } = await user.use(store, use);
      if (error)
        expect(error.code ?? 'none', `${use}: ${error.name}: ${error.message}`).toMatch(/^MILLRACE_/);
      expect(peak, `memory after ${use}`).toBeLessThan(
        use === 'engine' ? MOST_MEMORY_OF_ENGINE : MOST_MEMORY,
      );
    }
  });
});
